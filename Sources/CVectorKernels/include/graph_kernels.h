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

// Asks for the cache line of an address that is read soon. Any address may be given.
static inline void vk_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

#pragma clang assume_nonnull end
