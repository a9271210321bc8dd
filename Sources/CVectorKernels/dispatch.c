// One table for each level, filled once; a pointer to the one in use.

#include "kernels.h"

#include <pthread.h>
#include <stdatomic.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

static vk_kernels tables[5];
static int supported[5];
static _Atomic(const vk_kernels *) active;
static pthread_once_t once = PTHREAD_ONCE_INIT;

#if defined(__x86_64__)

static uint64_t enabled_states(void) {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

static void fill_native(void) {
  uint32_t a, b, c, d, b7 = 0, c7 = 0, d7 = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return;
  __get_cpuid_count(7, 0, &a, &b7, &c7, &d7);
  uint64_t states = c & bit_OSXSAVE ? enabled_states() : 0;
  int crc = (c & bit_SSE4_2) && (c & bit_PCLMUL);
  int sha = (b7 & bit_SHA) && (c & bit_SSE4_1) && (c & bit_SSSE3);
  int avx2 = (states & 0x06) == 0x06 && (b7 & bit_AVX2) && (c & bit_FMA) && (c & bit_F16C);
  uint32_t wide = bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ;
  int avx512 = avx2 && (states & 0xE6) == 0xE6 && (b7 & wide) == wide;
  int vnni = avx512 && (c7 & bit_AVX512VNNI);
  int popcount = avx512 && (c7 & bit_AVX512VPOPCNTDQ);
  int wide_crc = avx512 && crc && (c7 & bit_VPCLMULQDQ);
  for (int level = VKLevelAVX2; level <= VKLevelAVX512; level++) {
    if (!(level == VKLevelAVX2 ? avx2 : avx512)) continue;
    tables[level] = tables[VKLevelBase];
    tables[level].level = (VKLevel)level;
    if (crc) tables[level].crc32c = level == VKLevelAVX512 && wide_crc ? vk_crc32c_wide : vk_crc32c_streams;
    if (sha) tables[level].sha256_blocks = vk_sha256_blocks_native;
    (level == VKLevelAVX2 ? vk_vectors_avx2 : vk_vectors_avx512)(&tables[level]);
    (level == VKLevelAVX2 ? vk_frames_avx2 : vk_frames_avx512)(&tables[level]);
    (level == VKLevelAVX2 ? vk_tiles_avx2 : vk_tiles_avx512)(&tables[level]);
    (level == VKLevelAVX2 ? vk_scan_avx2 : vk_scan_avx512)(&tables[level]);
    // Without VNNI the codes of the wide level are those of AVX2, without VPOPCNTDQ so are its bits.
    (level == VKLevelAVX512 && vnni ? vk_codes_avx512 : vk_codes_avx2)(&tables[level]);
    (level == VKLevelAVX512 && popcount ? vk_bits_avx512 : vk_bits_avx2)(&tables[level]);
    (level == VKLevelAVX2 ? vk_elements_avx2 : vk_elements_avx512)(&tables[level]);
    (level == VKLevelAVX2 ? vk_masks_avx2 : vk_masks_avx512)(&tables[level]);
    supported[level] = 1;
  }
}

#elif defined(__aarch64__)

static void fill_native(void) {
  int crc = 1, sha = 1, dot = 1;
#if defined(__linux__)
  unsigned long capabilities = getauxval(AT_HWCAP);
  crc = (capabilities & HWCAP_CRC32) && (capabilities & HWCAP_PMULL);
  sha = (capabilities & HWCAP_SHA2) != 0;
  dot = (capabilities & HWCAP_ASIMDDP) != 0;
#endif
  if (crc) tables[VKLevelBase].crc32c = vk_crc32c_streams;
  if (sha) tables[VKLevelBase].sha256_blocks = vk_sha256_blocks_native;
  if (dot) {
    tables[VKLevelNEONDot] = tables[VKLevelBase];
    tables[VKLevelNEONDot].level = VKLevelNEONDot;
    vk_codes_dotprod(&tables[VKLevelNEONDot]);
    supported[VKLevelNEONDot] = 1;
  }
}

#else

static void fill_native(void) {}

#endif

static void fill(void) {
  vk_kernels *base = &tables[VKLevelBase];
  base->level = VKLevelBase;
  base->crc32c = vk_crc32c_table;
  base->sha256_blocks = vk_sha256_blocks_portable;
  vk_vectors_base(base);
  vk_codes_base(base);
  vk_frames_base(base);
  vk_tiles_base(base);
  vk_elements_base(base);
  vk_bits_base(base);
  vk_masks_base(base);
  vk_scan_base(base);
  supported[VKLevelBase] = 1;
  tables[VKLevelScalar] = *base;
  tables[VKLevelScalar].level = VKLevelScalar;
  vk_scalar(&tables[VKLevelScalar]);
  supported[VKLevelScalar] = 1;
  fill_native();
  int best = VKLevelNEONDot;
  while (!supported[best]) best--;
  atomic_store_explicit(&active, &tables[best], memory_order_release);
}

const vk_kernels *vk_active_kernels(void) {
  const vk_kernels *table = atomic_load_explicit(&active, memory_order_acquire);
  if (table) return table;
  pthread_once(&once, fill);
  return atomic_load_explicit(&active, memory_order_acquire);
}

const vk_kernels *vk_kernels_at(VKLevel level) {
  pthread_once(&once, fill);
  return supported[level] ? &tables[level] : NULL;
}

VKLevel vk_force_level(VKLevel level) {
  pthread_once(&once, fill);
  int chosen = level;
  while (!supported[chosen]) chosen--;
  atomic_store_explicit(&active, &tables[chosen], memory_order_release);
  return (VKLevel)chosen;
}
