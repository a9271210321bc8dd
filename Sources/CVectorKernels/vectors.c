// The vector kernels of every level, from one body.

#include "halves.h"
#include "finish.h"
#include "kernels.h"
#include "wide_load.h"

#include <string.h>

// Vectors wider than the level's registers are only passed to functions that are always inlined.
#pragma clang diagnostic ignored "-Wpsabi"

size_t vk_first_beyond(const float *floats, size_t count, float limit) {
  size_t i = 0;
  for (; i + 64 <= count; i += 64) {
    int32_t beyond = 0;
    for (size_t j = 0; j < 64; j++) beyond |= !(__builtin_fabsf(floats[i + j]) <= limit);
    if (beyond) break;
  }
  for (; i < count; i++)
    if (!(__builtin_fabsf(floats[i]) <= limit)) return i;
  return count;
}

#define LEVEL(name) name##_base
#define LOAD_ROW(pointer) LEVEL(load)(0, pointer, 0)
#define WIDTH 4
#if defined(__aarch64__)
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#else
#define MULTIPLY_ADD(a, b, c) ((c) + (a) * (b))
#endif
#define LOAD_HALVES(pointer) load_4_halves(pointer)
#define LOAD_16_HALVES(pointer, out) load_16_halves(pointer, out)
#define STORE_16_HALVES(floats, halves) store_16_halves(floats, halves)
#include "bodies/vectors.inc"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define LEVEL(name) name##_avx2
#define LOAD_ROW(pointer) LEVEL(load)(0, pointer, 0)
#define WIDTH 8
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#define LOAD_HALVES(pointer) (LEVEL(floats)) load_8_halves_avx2(pointer)
#define LOAD_16_HALVES(pointer, out) load_16_halves_avx2(pointer, out)
#define STORE_16_HALVES(floats, halves) store_16_halves_avx2(floats, halves)
#include "bodies/vectors.inc"

#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c,no-prefer-256-bit"))), \
    apply_to = function)

#define LEVEL(name) name##_avx512
#define LOAD_ROW(pointer) (LEVEL(floats)) load_64_bytes(pointer)
#define WIDTH 16
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#define LOAD_HALVES(pointer) (LEVEL(floats)) load_16_halves_avx512(pointer)
#define LOAD_16_HALVES(pointer, out) _mm512_storeu_ps((float *)(out), load_16_halves_avx512(pointer))
#define STORE_16_HALVES(floats, halves) store_16_halves_avx512(floats, halves)
#include "bodies/vectors.inc"

#pragma clang attribute pop

#endif
