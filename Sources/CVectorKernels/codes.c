// The kernels over codes of every level, from one body.

#include "kernels.h"
#include "wide_load.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// Vectors wider than the level's registers are only passed to functions that are always inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define ALWAYS static inline __attribute__((always_inline))

typedef uint32_t words4 __attribute__((vector_size(16)));
typedef int8_t bytes16 __attribute__((vector_size(16)));

#if defined(__x86_64__)

// Codes widened to 16 bits and multiplied in pairs; then the two pairs of each group of four come together.
ALWAYS words4 dot_16_codes(words4 sums, bytes16 x, bytes16 y) {
  __m128i a = (__m128i)x, b = (__m128i)y;
  __m128i low = _mm_madd_epi16(_mm_srai_epi16(_mm_unpacklo_epi8(a, a), 8), _mm_srai_epi16(_mm_unpacklo_epi8(b, b), 8));
  __m128i high = _mm_madd_epi16(_mm_srai_epi16(_mm_unpackhi_epi8(a, a), 8), _mm_srai_epi16(_mm_unpackhi_epi8(b, b), 8));
  words4 l = (words4)low, h = (words4)high;
  return sums + __builtin_shufflevector(l, h, 0, 2, 4, 6) + __builtin_shufflevector(l, h, 1, 3, 5, 7);
}

#elif defined(__aarch64__)

// Two products of codes fit 16 bits: 2 * 127 * 127 = 32,258.
ALWAYS words4 dot_16_codes(words4 sums, bytes16 x, bytes16 y) {
  int8x16_t a = (int8x16_t)x, b = (int8x16_t)y;
  int16x8_t pairs = vpaddq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b)), vmull_high_s8(a, b));
  return (words4)vpadalq_s16((int32x4_t)sums, pairs);
}

#else

ALWAYS words4 dot_16_codes(words4 sums, bytes16 x, bytes16 y) {
  for (int i = 0; i < 16; i++) sums[i / 4] += (uint32_t)(x[i] * y[i]);
  return sums;
}

#endif

#define LEVEL(name) name##_base
#define LOAD_ROW(pointer) LEVEL(load_codes)(pointer)
#define WIDTH 4
#define DOT_CODES(sums, x, y) dot_16_codes(sums, x, y)
#define DOT_NIBBLES(sums, x, y) dot_16_codes(sums, x, y)
#define CODE_SIDE(x) (x)
#define PANEL_SIDE(x) ((x) ^ -128)
#define CODE_OFFSET 0
#define TILE_QUERIES 2
#define TILE_PANELS 1
#include "bodies/codes.inc"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

typedef uint32_t words8 __attribute__((vector_size(32)));
typedef int8_t bytes32 __attribute__((vector_size(32)));

// Unsigned by signed bytes, pairs of products added with saturation, which 2 * 127 * 127 does not reach.
ALWAYS words8 dot_nibbles_avx2(words8 sums, bytes32 x, bytes32 y) {
  __m256i pairs = _mm256_maddubs_epi16((__m256i)x, (__m256i)y);
  return sums + (words8)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

ALWAYS words8 dot_codes_avx2(words8 sums, bytes32 x, bytes32 y) {
  bytes32 size = (bytes32)_mm256_abs_epi8((__m256i)y);
  return dot_nibbles_avx2(sums, size, (bytes32)_mm256_sign_epi8((__m256i)x, (__m256i)y));
}

#define LEVEL(name) name##_avx2
#define LOAD_ROW(pointer) LEVEL(load_codes)(pointer)
#define WIDTH 8
#define DOT_CODES(sums, x, y) dot_codes_avx2(sums, x, y)
#define DOT_NIBBLES(sums, x, y) dot_nibbles_avx2(sums, x, y)
#define CODE_SIDE(x) (x)
#define PANEL_SIDE(x) ((x) ^ -128)
#define CODE_OFFSET 0
#define TILE_QUERIES 4
#define TILE_PANELS 1
#include "bodies/codes.inc"

#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c,no-prefer-256-bit"))), \
    apply_to = function)

typedef uint32_t words16 __attribute__((vector_size(64)));
typedef int8_t bytes64 __attribute__((vector_size(64)));

ALWAYS words16 dot_unsigned_avx512(words16 sums, bytes64 x, bytes64 y) {
  return (words16)_mm512_dpbusd_epi32((__m512i)sums, (__m512i)x, (__m512i)y);
}

#define LEVEL(name) name##_avx512
#define LOAD_ROW(pointer) load_64_bytes(pointer)
#define WIDTH 16
#define DOT_CODES(sums, x, y) dot_unsigned_avx512(sums, x, y)
#define DOT_NIBBLES(sums, x, y) dot_unsigned_avx512(sums, x, y)
#define CODE_SIDE(x) ((x) ^ -128)
#define PANEL_SIDE(x) (x)
#define CODE_OFFSET 128
#define TILE_QUERIES 6
#define TILE_PANELS 4
#include "bodies/codes.inc"

#pragma clang attribute pop

#elif defined(__aarch64__)

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

ALWAYS words4 dot_codes_dotprod(words4 sums, bytes16 x, bytes16 y) {
  return (words4)vdotq_s32((int32x4_t)sums, (int8x16_t)x, (int8x16_t)y);
}

#define LEVEL(name) name##_dotprod
#define LOAD_ROW(pointer) LEVEL(load_codes)(pointer)
#define WIDTH 4
#define DOT_CODES(sums, x, y) dot_codes_dotprod(sums, x, y)
#define DOT_NIBBLES(sums, x, y) dot_codes_dotprod(sums, x, y)
#define CODE_SIDE(x) (x)
#define PANEL_SIDE(x) ((x) ^ -128)
#define CODE_OFFSET 0
#define TILE_QUERIES 6
#define TILE_PANELS 1
#include "bodies/codes.inc"

#pragma clang attribute pop

#endif
