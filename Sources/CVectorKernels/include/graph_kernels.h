// Loops over the integer distances of a graph's points. They choose their instruction set by vk_active_kernels().
#pragma once

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// The places j < count, ascending, at which squares[j] - 2 * dots[j] <= limit; returns how many. `places` has room for
// count + 16. No value leaves the range of int32.
size_t vk_places_below(const int32_t *dots, const int32_t *squares, size_t count, int32_t limit, uint32_t *places);

// The places j < count, ascending, at which d = square + squares[j] - 2 * dots[j] is at most row_limit or at most
// limits[j]; returns how many.
size_t vk_pairs_below(const int32_t *dots, const int32_t *squares, size_t count, int32_t square, int32_t row_limit,
                      const int32_t *limits, uint32_t *places);

// Candidates of a walk, nearest first. A key is a distance that is not negative as the bits of a float, above 31 bits of a node,
// above a mark; keys ascend. There is room for capacity + 16 keys, which all can be read; `count` is at most `capacity`.
typedef struct {
  uint64_t *keys;
  size_t count, capacity;
  // A candidate farther than the one at place `rank`, by the factor `slack` of its distance, is not looked at any more, nor taken in
  // when there are `least` nearer ones. Infinity: all are.
  size_t rank, least;
  float slack;
} vk_pool;

// The greatest key that a walk still looks at.
static inline uint64_t vk_pool_reach(const vk_pool *pool) {
  if (!(pool->slack < __builtin_inff()) || pool->count <= pool->rank) return UINT64_MAX;
  uint32_t bits = (uint32_t)(pool->keys[pool->rank] >> 32);
  float distance;
  __builtin_memcpy(&distance, &bits, sizeof bits);
  distance *= pool->slack;
  __builtin_memcpy(&bits, &distance, sizeof bits);
  return (uint64_t)bits << 32 | UINT32_MAX;
}

// Offers `count` nodes, at most 128 and all different, with their squared distances: each goes to its place among the keys, of which
// the least `capacity` stay. A distance that is negative or no number counts as 0. What is out of reach when the call begins is
// left out.
//
// Returns the least place at which a key was put, SIZE_MAX / 2 for none. The same at every level.
size_t vk_pool_offer(vk_pool *pool, const float *distances, const uint32_t *nodes, size_t count);

// Asks for the cache line of an address that is read soon. Any address may be given.
static inline void vk_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

// The same for an address that is read a little later, into the second level of the caches: many more of these can be under
// way at once.
static inline void vk_prefetch_later(const void *address) { __builtin_prefetch(address, 0, 2); }

#pragma clang assume_nonnull end
