// Products of many queries with many rows of floats at every level, from one body.

#include "kernels.h"

#include <string.h>

// Vectors wider than the level's registers are only passed to functions that are always inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define LEVEL(name) name##_base
#define WIDTH 4
#if defined(__aarch64__)
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#define TILE_QUERIES 6
#else
#define MULTIPLY_ADD(a, b, c) ((c) + (a) * (b))
#define TILE_QUERIES 2
#endif
#define TILE_PANELS 1
#include "bodies/tiles.inc"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LEVEL(name) name##_avx2
#define WIDTH 8
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#define TILE_QUERIES 6
#define TILE_PANELS 1
#include "bodies/tiles.inc"
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,no-prefer-256-bit"))), apply_to = function)
#define LEVEL(name) name##_avx512
#define WIDTH 16
#define MULTIPLY_ADD(a, b, c) __builtin_elementwise_fma(a, b, c)
#define TILE_QUERIES 6
#define TILE_PANELS 4
#include "bodies/tiles.inc"
#pragma clang attribute pop

#endif
