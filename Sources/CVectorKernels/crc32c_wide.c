// CRC-32C by folding 64 bytes at once with carry-less multiplication (Gopal and others, "Fast CRC computation for generic
// polynomials using PCLMULQDQ", 2009), in four independent registers.
//
// A lane of 128 bits that D bits follow counts as low * x^(D + 31) + high * x^(D - 33) modulo the polynomial; the products of
// reflected words are one bit low, which the exponents take in. What is left at the end, 16 bytes, goes through the CRC
// instruction, as do bytes that fill no register.

#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define WIDE __attribute__((target("avx512f,avx512vl,avx512dq,vpclmulqdq,pclmul,sse4.2")))

// x^(D + 31) and x^(D - 33) for D = 2048, 512 and 128.
static const int64_t by2048[2] = {0xdcb17aa4, 0xb9e02b86};
static const int64_t by512[2] = {0x740eef02, 0x9e4addf8};
static const int64_t by128[2] = {0xf20c0dfe, 0x493c7d27};

WIDE static inline __m512i fold(__m512i value, __m512i powers, __m512i next) {
  __m512i low = _mm512_clmulepi64_epi128(value, powers, 0x00);
  __m512i high = _mm512_clmulepi64_epi128(value, powers, 0x11);
  return _mm512_ternarylogic_epi64(low, high, next, 0x96);
}

WIDE static inline __m128i fold_lane(__m128i value, __m128i powers, __m128i next) {
  __m128i low = _mm_clmulepi64_si128(value, powers, 0x00);
  __m128i high = _mm_clmulepi64_si128(value, powers, 0x11);
  return _mm_ternarylogic_epi64(low, high, next, 0x96);
}

WIDE static inline __m512i broadcast(const int64_t *powers) {
  return _mm512_broadcast_i64x2(_mm_set_epi64x(powers[1], powers[0]));
}

WIDE uint32_t vk_crc32c_wide(uint32_t crc, const void *bytes, size_t count) {
  if (count < 512) return vk_crc32c_streams(crc, bytes, count);
  const uint8_t *p = bytes;
  __m512i a = _mm512_loadu_si512(p), b = _mm512_loadu_si512(p + 64);
  __m512i c = _mm512_loadu_si512(p + 128), d = _mm512_loadu_si512(p + 192);
  a = _mm512_xor_si512(a, _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)~crc)));
  __m512i powers = broadcast(by2048);
  for (p += 256, count -= 256; count >= 256; p += 256, count -= 256) {
    a = fold(a, powers, _mm512_loadu_si512(p));
    b = fold(b, powers, _mm512_loadu_si512(p + 64));
    c = fold(c, powers, _mm512_loadu_si512(p + 128));
    d = fold(d, powers, _mm512_loadu_si512(p + 192));
  }
  powers = broadcast(by512);
  d = fold(fold(fold(a, powers, b), powers, c), powers, d);
  for (; count >= 64; p += 64, count -= 64) d = fold(d, powers, _mm512_loadu_si512(p));
  __m128i lane_powers = _mm_set_epi64x(by128[1], by128[0]);
  __m128i rest = _mm512_extracti64x2_epi64(d, 0);
  rest = fold_lane(rest, lane_powers, _mm512_extracti64x2_epi64(d, 1));
  rest = fold_lane(rest, lane_powers, _mm512_extracti64x2_epi64(d, 2));
  rest = fold_lane(rest, lane_powers, _mm512_extracti64x2_epi64(d, 3));
  uint64_t state = _mm_crc32_u64(0, (uint64_t)_mm_extract_epi64(rest, 0));
  state = _mm_crc32_u64(state, (uint64_t)_mm_extract_epi64(rest, 1));
  for (; count >= 8; p += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    state = _mm_crc32_u64(state, word);
  }
  for (; count > 0; p++, count--) state = _mm_crc32_u8((uint32_t)state, *p);
  return ~(uint32_t)state;
}

#endif
