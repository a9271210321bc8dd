// The kernels over columns of values, of every level, from one body.

#include "kernels.h"

#include <string.h>

#pragma clang diagnostic ignored "-Wpsabi"

#define LEVEL(name) name##_base
#include "bodies/masks.inc"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define LEVEL(name) name##_avx2
#include "bodies/masks.inc"
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,no-prefer-256-bit"))), apply_to = function)
#define LEVEL(name) name##_avx512
#include "bodies/masks.inc"
#pragma clang attribute pop

#endif
