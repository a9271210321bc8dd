// Conversion between floats and IEEE 754 binary16, for each level.
#pragma once

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// Halves without instructions for them. A half's bits, moved up, are a float too small by 2^112; infinities and NaNs come
// out as 2^16 or more and get their exponent back. NaNs become quiet, as the processors do it.

typedef uint32_t words4 __attribute__((vector_size(16)));
typedef float quad __attribute__((vector_size(16)));

static inline __attribute__((always_inline)) quad load_4_halves(const void *halves) {
#if defined(__aarch64__)
  typedef __fp16 halves4 __attribute__((vector_size(8)));
  halves4 h;
  memcpy(&h, halves, sizeof h);
  return __builtin_convertvector(h, quad);
#else
  typedef uint16_t shorts4 __attribute__((vector_size(8)));
  shorts4 packed;
  memcpy(&packed, halves, sizeof packed);
  words4 h = __builtin_convertvector(packed, words4);
  words4 magnitude = h & 0x7fff;
  words4 bits = (words4)((quad)(magnitude << 13) * 0x1p112f);
  words4 special = (words4)(magnitude >= 0x7c00), nan = (words4)(magnitude > 0x7c00);
  return (quad)(bits | (special & 0x7f800000) | (nan & 0x00400000) | (h & 0x8000) << 16);
#endif
}

static inline __attribute__((always_inline)) void load_16_halves(const void *halves, void *out) {
  for (int i = 0; i < 4; i++) {
    quad v = load_4_halves((const uint8_t *)halves + 8 * i);
    memcpy((uint8_t *)out + 16 * i, &v, sizeof v);
  }
}

// Round to nearest, ties to even, for normal halves by integer addition, for the others by a float addition that puts the
// half's last bit at the float's.
static inline __attribute__((always_inline)) void store_16_halves(const float *floats, void *halves) {
  for (int i = 0; i < 16; i++) {
    uint32_t bits, rounded;
    memcpy(&bits, floats + i, 4);
    uint32_t sign = bits >> 16 & 0x8000;
    bits &= 0x7fffffff;
    if (bits >= 0x47800000) {
      rounded = bits > 0x7f800000 ? 0x7e00 | (bits >> 13 & 0x3ff) : 0x7c00;
    } else if (bits < 0x38800000) {
      float value;
      memcpy(&value, &bits, 4);
      value += 0.5f;
      memcpy(&rounded, &value, 4);
      rounded -= 0x3f000000;
    } else {
      rounded = (bits - 0x38000000 + 0xfff + (bits >> 13 & 1)) >> 13;
    }
    uint16_t half = (uint16_t)(rounded | sign);
    memcpy((uint8_t *)halves + 2 * i, &half, 2);
  }
}

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

static inline __attribute__((always_inline)) __m256 load_8_halves_avx2(const void *halves) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)halves));
}

static inline __attribute__((always_inline)) void load_16_halves_avx2(const void *halves, void *out) {
  _mm256_storeu_ps((float *)out, load_8_halves_avx2(halves));
  _mm256_storeu_ps((float *)out + 8, load_8_halves_avx2((const uint8_t *)halves + 16));
}

static inline __attribute__((always_inline)) void store_16_halves_avx2(const float *floats, void *halves) {
  for (int i = 0; i < 2; i++) {
    __m128i packed =
        _mm256_cvtps_ph(_mm256_loadu_ps(floats + 8 * i), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    _mm_storeu_si128((__m128i *)((uint8_t *)halves + 16 * i), packed);
  }
}

#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c,no-prefer-256-bit"))), \
    apply_to = function)

static inline __attribute__((always_inline)) __m512 load_16_halves_avx512(const void *halves) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)halves));
}

static inline __attribute__((always_inline)) void store_16_halves_avx512(const float *floats, void *halves) {
  __m256i packed = _mm512_cvtps_ph(_mm512_loadu_ps(floats), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  _mm256_storeu_si256((__m256i *)halves, packed);
}

#pragma clang attribute pop

#endif
