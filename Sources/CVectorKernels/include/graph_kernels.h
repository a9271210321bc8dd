// Loops over the integer distances of a graph's points. They choose their instruction set by vk_active_kernels().
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#pragma clang assume_nonnull begin

// The places j < count, ascending, at which squares[j] - 2 * dots[j] <= limit; returns how many. `places` has room for
// count + 16. No value leaves the range of int32.
size_t vk_places_below(const int32_t *dots, const int32_t *squares, size_t count, int32_t limit, uint32_t *places);

// The places j < count, ascending, at which d = square + squares[j] - 2 * dots[j] is at most row_limit or at most
// limits[j]; returns how many.
size_t vk_pairs_below(const int32_t *dots, const int32_t *squares, size_t count, int32_t square, int32_t row_limit,
                      const int32_t *limits, uint32_t *places);

// A number that at least `wanted` of the values squares[j] - 2 * dots[j], j < count, do not exceed; INT32_MAX when there are
// not as many or it takes too long to tell. How near it comes to the least such number depends on the level.
int32_t vk_least_bound(const int32_t *dots, const int32_t *squares, size_t count, size_t wanted);

// Lowers bounds of the third least distance of points. The distance of points first + i and first + j, for i < rows and
// j < columns, rows <= columns, is squares[first + i] + squares[first + j] - 2 * dots[i * columns + j]. limits[first + i]
// becomes no greater than the third least distance of that point from others that stand here, if there are three; by how
// much a limit falls depends on the level, so that nothing else may depend on it. No limit rises.
//
// Returns 0 when it did nothing.
int vk_lower_limits(const int32_t *dots, const int32_t *squares, size_t first, size_t rows, size_t columns,
                    int32_t *limits);

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

// One bit for each of 16 numbers: whether a[i] < b[i]. No difference leaves int16.
static inline uint32_t vk_signs_below(const int16_t *a, const int16_t *b) {
#if defined(__x86_64__)
  const __m128i *x = (const __m128i *)a, *y = (const __m128i *)b;
  __m128i low = _mm_sub_epi16(_mm_loadu_si128(x), _mm_loadu_si128(y));
  __m128i high = _mm_sub_epi16(_mm_loadu_si128(x + 1), _mm_loadu_si128(y + 1));
  return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
#else
  uint32_t bits = 0;
  for (int i = 0; i < 16; i++) bits |= (uint32_t)(a[i] < b[i]) << i;
  return bits;
#endif
}

// The first place below `count` at which `value` stands, `count` when there is none. Numbers up to the next multiple of 8
// can be read.
static inline size_t vk_place_of(const uint16_t *values, size_t count, uint16_t value) {
  size_t i = 0;
#if defined(__x86_64__)
  __m128i wanted = _mm_set1_epi16((short)value);
  for (; i < count; i += 8) {
    __m128i eight = _mm_loadu_si128((const __m128i *)(values + i));
    uint32_t equal = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi16(eight, wanted));
    if (equal == 0) continue;
    i += (size_t)__builtin_ctz(equal) / 2;
    break;
  }
  return i < count ? i : count;
#else
  while (i < count && values[i] != value) i++;
  return i;
#endif
}

// A lock that is held for very short times: 0 when it is free.
static inline void vk_lock(uint32_t *lock) {
  while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0) {
  }
}
static inline void vk_unlock(uint32_t *lock) { __atomic_store_n(lock, 0, __ATOMIC_RELEASE); }

// Whether `value` is among `count` numbers. Numbers up to the next multiple of 4 can be read.
static inline int vk_holds(const uint32_t *values, size_t count, uint32_t value) {
#if defined(__x86_64__)
  __m128i wanted = _mm_set1_epi32((int)value);
  for (size_t i = 0; i < count; i += 4) {
    __m128i four = _mm_loadu_si128((const __m128i *)(values + i));
    uint32_t equal = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi32(four, wanted));
    if (count - i < 4) equal &= (1u << (4 * (count - i))) - 1;
    if (equal != 0) return 1;
  }
  return 0;
#else
  for (size_t i = 0; i < count; i++)
    if (values[i] == value) return 1;
  return 0;
#endif
}

// Memory of `bytes` zeros, in large pages where the system has them: less time is lost to finding where a page lies. NULL
// when there is none. Given back by `vk_free_pages` with the same number.
void *_Nullable vk_allocate_pages(size_t bytes);
void vk_free_pages(void *memory, size_t bytes);

// Asks for the cache line of an address that is read soon. Any address may be given.
static inline void vk_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

// The same for an address that is read a little later, into the second level of the caches: many more of these can be under
// way at once.
static inline void vk_prefetch_later(const void *address) { __builtin_prefetch(address, 0, 2); }

#pragma clang assume_nonnull end
