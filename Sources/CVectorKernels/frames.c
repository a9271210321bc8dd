// The kernels between stored vectors and codes of every level, from one body.

#include "halves.h"
#include "kernels.h"

#include <string.h>

// Vectors wider than the level's registers are only passed to functions that are always inlined.
#pragma clang diagnostic ignored "-Wpsabi"

#define LEVEL(name) name##_base
#define LOAD_16_HALVES(pointer, out) load_16_halves(pointer, out)
#include "bodies/frames.inc"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define LEVEL(name) name##_avx2
#define LOAD_16_HALVES(pointer, out) load_16_halves_avx2(pointer, out)
#include "bodies/frames.inc"
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c,no-prefer-256-bit"))), \
    apply_to = function)
#define LEVEL(name) name##_avx512
#define LOAD_16_HALVES(pointer, out) _mm512_storeu_ps((float *)(out), load_16_halves_avx512(pointer))
#include "bodies/frames.inc"
#pragma clang attribute pop

#endif
