// Loops over bytes and floats that must exist once for each instruction set.
//
// A kernel takes pointers and counts, allocates nothing, touches no file and keeps no state. Pointers need no alignment.
#pragma once

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// The levels of the dispatch table. On ARM there is only the base, which is compiled to NEON.
typedef enum __attribute__((enum_extensibility(closed))) : int32_t {
  VKLevelBase = 0,
  VKLevelAVX2 = 1,
  VKLevelAVX512 = 2,
} VKLevel;

// How the numbers of stored rows are written. The codes are those of the file format.
typedef enum __attribute__((enum_extensibility(closed))) : int32_t {
  VKElementF32 = 0,
  VKElementF16 = 1,
} VKElement;

// The codes are those of the file format.
typedef enum __attribute__((enum_extensibility(closed))) : int32_t {
  VKMetricCosine = 0,
  VKMetricDot = 1,
  VKMetricL2 = 2,
} VKMetric;

// Row r of a block starts `r * stride` bytes after `rows` and holds `dimension` elements.

// One sum for each row, in float: of products, or of squared differences. The order of additions differs from level to
// level, but no element takes part in more than `dimension / 8 + 16` of them.
typedef void (*vk_rows_sum)(const float *query, const void *rows, size_t dimension, size_t count, size_t stride,
                            float *out);

// The sum of products and the sum of the row's squares, under the same terms.
typedef void (*vk_rows_two_sums)(const float *query, const void *rows, size_t dimension, size_t count, size_t stride,
                                 float *products, float *squares);

// The exact distance of each row: sums in double over 16 lanes (element i goes to lane i mod 16, in order), lanes added as
// l + (l + 8), then 4, 2, 1; nothing contracted, one rounding to float, beyond its range to the largest finite float.
// The same bits at every level. `query_squares` is the same kind of sum over the query (used by cosine only).
typedef void (*vk_rows_exact)(VKMetric metric, const float *query, double query_squares, const void *rows,
                              size_t dimension, size_t count, size_t stride, float *out);

// How the values of a metadata column are written.
typedef enum __attribute__((enum_extensibility(closed))) : int32_t {
  VKColumnU8 = 0,
  VKColumnU16 = 1,
  VKColumnU32 = 2,
  VKColumnI64 = 3,
  VKColumnF64 = 4,
} VKColumn;

// Bit i of the words says whether value i lies in one of the closed ranges. `bounds` holds two values of the column's type
// for each range, the lower one first; doubles are no NaN. Writes one word for each 64 values begun; the bits beyond
// `count` are zero.
typedef void (*vk_in_ranges)(const void *column, size_t count, const void *bounds, size_t ranges, uint64_t *words);

// Bit i of the words says whether bit `codes[i]` of the set is one: bit c of a set is bit c % 32 of its number c / 32. The
// set must have a bit for every code of the column. Words as above.
typedef void (*vk_in_set)(const void *codes, size_t count, const uint32_t *set, uint64_t *words);

// What one level offers. The arrays are indexed by VKElement, the last two by VKColumn.
typedef struct {
  VKLevel level;
  // `crc` is the CRC of the bytes before, 0 for none.
  uint32_t (*crc32c)(uint32_t crc, const void *bytes, size_t count);
  void (*sha256_blocks)(uint32_t *state8, const uint8_t *bytes, size_t blocks);
  vk_rows_sum _Nonnull dot[2];
  vk_rows_sum _Nonnull squared_l2[2];
  vk_rows_two_sums _Nonnull dot_and_squares[2];
  vk_rows_exact _Nonnull exact[2];
  // The sum of squares of one vector in double, added up as `exact` does.
  double (*_Nonnull squares[2])(const void *vector, size_t dimension);
  void (*halves_to_floats)(const void *halves, float *out, size_t count);
  void (*floats_to_halves)(const float *floats, void *out, size_t count);
  vk_in_ranges _Nonnull in_ranges[5];
  vk_in_set _Nonnull in_set[3];
} vk_kernels;

// The table in use: the processor's best unless a lower level was forced.
const vk_kernels *vk_active_kernels(void);

// The table of `level`, or NULL when this processor cannot run it. The base always exists.
const vk_kernels *_Nullable vk_kernels_at(VKLevel level);

// Uses `level`, or the best below it that the processor can run, from now on; returns the level in use.
VKLevel vk_force_level(VKLevel level);

static inline VKLevel vk_active_level(void) { return vk_active_kernels()->level; }

// CRC-32C (Castagnoli), reflected, as in iSCSI: the CRC of "123456789" is 0xE3069283.
uint32_t vk_crc32c(uint32_t crc, const void *bytes, size_t count);

// The CRC of A followed by B, from the CRC of A, the CRC of B and the length of B.
uint32_t vk_crc32c_combine(uint32_t first, uint32_t second, uint64_t second_count);

// SHA-256 (FIPS 180-4), streaming. Holds the chaining value, the bytes taken in so far and the last unfinished block.
typedef struct {
  uint32_t state[8];
  uint64_t count;
  uint8_t buffer[64];
} vk_sha256;

void vk_sha256_init(vk_sha256 *hash);
void vk_sha256_update(vk_sha256 *hash, const void *_Nullable bytes, size_t count);
void vk_sha256_final(vk_sha256 *hash, uint8_t *out32);

// The index of the first float whose absolute value is not at most `limit` (so also of the first NaN); `count` if none.
size_t vk_first_beyond(const float *floats, size_t count, float limit);

// Calls through the table in use, for callers that cannot index C arrays.
static inline void vk_dot(VKElement element, const float *query, const void *rows, size_t dimension, size_t count,
                          size_t stride, float *out) {
  vk_active_kernels()->dot[element](query, rows, dimension, count, stride, out);
}
static inline void vk_squared_l2(VKElement element, const float *query, const void *rows, size_t dimension, size_t count,
                                 size_t stride, float *out) {
  vk_active_kernels()->squared_l2[element](query, rows, dimension, count, stride, out);
}
static inline void vk_dot_and_squares(VKElement element, const float *query, const void *rows, size_t dimension,
                                      size_t count, size_t stride, float *products, float *squares) {
  vk_active_kernels()->dot_and_squares[element](query, rows, dimension, count, stride, products, squares);
}
static inline void vk_exact(VKElement element, VKMetric metric, const float *query, double query_squares,
                            const void *rows, size_t dimension, size_t count, size_t stride, float *out) {
  vk_active_kernels()->exact[element](metric, query, query_squares, rows, dimension, count, stride, out);
}
static inline double vk_squares(VKElement element, const void *vector, size_t dimension) {
  return vk_active_kernels()->squares[element](vector, dimension);
}

static inline void vk_halves_to_floats(const void *halves, float *out, size_t count) {
  vk_active_kernels()->halves_to_floats(halves, out, count);
}
static inline void vk_floats_to_halves(const float *floats, void *out, size_t count) {
  vk_active_kernels()->floats_to_halves(floats, out, count);
}

static inline void vk_mask_ranges(VKColumn type, const void *column, size_t count, const void *bounds, size_t ranges,
                                  uint64_t *words) {
  vk_active_kernels()->in_ranges[type](column, count, bounds, ranges, words);
}
static inline void vk_mask_set(VKColumn type, const void *codes, size_t count, const uint32_t *set, uint64_t *words) {
  vk_active_kernels()->in_set[type](codes, count, set, words);
}

#pragma clang assume_nonnull end
