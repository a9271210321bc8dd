// The kernels that choose rows, of every level, from one body.

#include "kernels.h"

#define LEVEL(name) name##_base
#include "bodies/scan.inc"

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#define LEVEL(name) name##_avx2
#include "bodies/scan.inc"
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c,no-prefer-256-bit"))), \
    apply_to = function)
#define LEVEL(name) name##_avx512
#include "bodies/scan.inc"
#pragma clang attribute pop

#endif
