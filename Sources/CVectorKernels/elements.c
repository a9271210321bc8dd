// The kernels of stored 8-bit integers at every level, from one body, and the conversion of integers and bits from and to
// floats.

#include "finish.h"
#include "kernels.h"
#include "masked_ends.h"

#include <stdbool.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Vectors wider than the level's registers are only passed to functions that are always inlined.
#pragma clang diagnostic ignored "-Wpsabi"

typedef float four_floats __attribute__((vector_size(16)));
typedef int32_t four_masks __attribute__((vector_size(16)));

// Which are whole numbers within the range. Adding and taking away 1.5 * 2^23 rounds to a whole number.
static inline four_masks fitting(four_floats v, float least, float greatest) {
  return ((v + 12582912.0f) - 12582912.0f == v) & (v >= least) & (v <= greatest);
}

size_t vk_first_unfit(const float *floats, size_t count, float least, float greatest) {
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    four_masks all = (four_masks){0} - 1;
    for (size_t j = 0; j < 64; j += 4) {
      four_floats v;
      memcpy(&v, floats + i + j, sizeof v);
      all &= fitting(v, least, greatest);
    }
    if (!(all[0] & all[1] & all[2] & all[3])) break;
  }
  for (; i < count; i++)
    if (!fitting((four_floats){0} + floats[i], least, greatest)[0]) return i;
  return count;
}

// The conversion of a float beyond the range is undefined, so it is held in the range first; NaN becomes the least.
static inline float held(float value, float least, float greatest) {
  float low = value > least ? value : least;
  return low < greatest ? low : greatest;
}

typedef float eight_floats __attribute__((vector_size(32)));
typedef uint32_t eight_words __attribute__((vector_size(32)));
typedef bool eight_bits __attribute__((ext_vector_type(8)));

void vk_floats_to_stored(VKElement element, const float *floats, void *stored, size_t count) {
  uint8_t *bytes = stored;
  switch (element) {
    case VKElementF32: memcpy(stored, floats, 4 * count); break;
    case VKElementF16: vk_floats_to_halves(floats, stored, count); break;
    case VKElementI8:
      for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)(int8_t)(int32_t)held(floats[i], -128, 127);
      break;
    case VKElementU8:
      for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t)(int32_t)held(floats[i], 0, 255);
      break;
    case VKElementBit:
      for (size_t i = 0; i + 8 <= count; i += 8) {
        eight_floats v;
        memcpy(&v, floats + i, sizeof v);
        eight_bits bits = __builtin_convertvector(v != 0, eight_bits);
        memcpy(bytes + i / 8, &bits, 1);
      }
      if (count % 8 != 0) {
        uint8_t last = 0;
        for (size_t i = count - count % 8; i < count; i++) last |= (uint8_t)((floats[i] != 0) << i % 8);
        bytes[count / 8] = last;
      }
      break;
  }
}

void vk_stored_to_floats(VKElement element, const void *stored, float *floats, size_t count) {
  const uint8_t *bytes = stored;
  switch (element) {
    case VKElementF32: memcpy(floats, stored, 4 * count); break;
    case VKElementF16: vk_halves_to_floats(stored, floats, count); break;
    case VKElementI8:
      for (size_t i = 0; i < count; i++) floats[i] = (float)(int8_t)bytes[i];
      break;
    case VKElementU8:
      for (size_t i = 0; i < count; i++) floats[i] = (float)bytes[i];
      break;
    case VKElementBit:
      for (size_t i = 0; i + 8 <= count; i += 8) {
        const eight_words weights = {1, 2, 4, 8, 16, 32, 64, 128}, one = (eight_words){0} + 0x3F800000;
        eight_words v = (eight_words)((((eight_words){0} + bytes[i / 8]) & weights) != 0) & one;
        memcpy(floats + i, &v, sizeof v);
      }
      for (size_t i = count - count % 8; i < count; i++) floats[i] = (float)(bytes[i / 8] >> i % 8 & 1);
      break;
  }
}

size_t vk_ones(const void *bits, size_t count) {
  const uint8_t *bytes = bits;
  size_t ones = 0;
  for (size_t i = 0; i < (count + 7) / 8; i++) ones += (size_t)__builtin_popcount(bytes[i]);
  return ones;
}

#if defined(__x86_64__)
#define LEVEL(name) name##_base
#define WIDTH 16
#define PAIRS(a, b) _mm_madd_epi16((__m128i)(a), (__m128i)(b))
#include "bodies/elements.inc"
#else
typedef int16_t eight_shorts __attribute__((vector_size(16)));
typedef int32_t four_words __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) four_words pairs_base(eight_shorts a, eight_shorts b) {
  typedef int32_t products __attribute__((vector_size(32)));
  products p = __builtin_convertvector(a, products) * __builtin_convertvector(b, products);
  return __builtin_shufflevector(p, p, 0, 2, 4, 6) + __builtin_shufflevector(p, p, 1, 3, 5, 7);
}

#define LEVEL(name) name##_base
#define WIDTH 16
#define PAIRS(a, b) pairs_base(a, b)
#include "bodies/elements.inc"
#endif

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define LEVEL(name) name##_avx2
#define WIDTH 32
#define PAIRS(a, b) _mm256_madd_epi16((__m256i)(a), (__m256i)(b))
#include "bodies/elements.inc"
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,no-prefer-256-bit"))), apply_to = function)
#define LEVEL(name) name##_avx512
#define WIDTH 64
#define PAIRS(a, b) _mm512_madd_epi16((__m512i)(a), (__m512i)(b))
#include "bodies/elements.inc"
#pragma clang attribute pop

#endif
