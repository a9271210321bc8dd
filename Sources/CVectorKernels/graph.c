// The graph kernels of every level, from one body.

#include "graph_kernels.h"
#include "kernels.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define LEVEL(name) name##_base
#define WIDTH 0
#include "bodies/graph.inc"
#undef LEVEL
#undef WIDTH

#if defined(__x86_64__)

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LEVEL(name) name##_avx2
#define WIDTH 8
#include "bodies/graph.inc"
#undef LEVEL
#undef WIDTH
#pragma clang attribute pop

#pragma clang attribute push( \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq,no-prefer-256-bit"))), apply_to = function)
#define LEVEL(name) name##_avx512
#define WIDTH 16
#include "bodies/graph.inc"
#undef LEVEL
#undef WIDTH
#pragma clang attribute pop

#define CHOOSE(name, ...)                             \
  switch (vk_active_level()) {                        \
    case VKLevelAVX512: return name##_avx512(__VA_ARGS__); \
    case VKLevelAVX2: return name##_avx2(__VA_ARGS__); \
    default: return name##_base(__VA_ARGS__); \
  }

#else

#define CHOOSE(name, ...) return name##_base(__VA_ARGS__);

#endif

size_t vk_places_below(const int32_t *dots, const int32_t *squares, size_t count, int32_t limit, uint32_t *places) {
  CHOOSE(vk_places_below, dots, squares, count, limit, places)
}

size_t vk_pairs_below(const int32_t *dots, const int32_t *squares, size_t count, int32_t square, int32_t row_limit,
                      const int32_t *limits, uint32_t *places) {
  CHOOSE(vk_pairs_below, dots, squares, count, square, row_limit, limits, places)
}

int32_t vk_least_bound(const int32_t *dots, const int32_t *squares, size_t count, size_t wanted) {
  CHOOSE(vk_least_bound, dots, squares, count, wanted)
}

int vk_lower_limits(const int32_t *dots, const int32_t *squares, size_t first, size_t rows, size_t columns,
                    int32_t *limits) {
  CHOOSE(lower_limits, dots, squares, first, rows, columns, limits)
}

size_t vk_pool_offer(vk_pool *pool, const float *distances, const uint32_t *nodes, size_t count) {
  CHOOSE(vk_pool_offer, pool, distances, nodes, count)
}
