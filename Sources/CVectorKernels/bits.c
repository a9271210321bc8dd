// The kernel of stored bits at every level, from one body.

#include "kernels.h"
#include "masked_ends.h"

#include <string.h>

// Vectors wider than the level's registers are only passed to functions that are always inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define LEVEL(name) name##_base
#define WIDTH 16
#include "bodies/bits.inc"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define LEVEL(name) name##_avx2
#define WIDTH 32
#include "bodies/bits.inc"
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vpopcntdq,avx2,no-prefer-256-bit"))), \
    apply_to = function)
#define LEVEL(name) name##_avx512
#define WIDTH 64
#include "bodies/bits.inc"
#pragma clang attribute pop

#endif
