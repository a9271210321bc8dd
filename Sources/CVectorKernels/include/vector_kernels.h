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
  VKElementI8 = 3,
  VKElementU8 = 4,
  // Element i is bit i % 8 of byte i / 8; bits behind the last element are zero.
  VKElementBit = 5,
} VKElement;

// The codes are those of the file format.
typedef enum __attribute__((enum_extensibility(closed))) : int32_t {
  VKMetricCosine = 0,
  VKMetricDot = 1,
  VKMetricL2 = 2,
  VKMetricL1 = 3,
  VKMetricHamming = 4,
} VKMetric;

// Row r of a block starts `r * stride` bytes after `rows` and holds `dimension` elements.

// One sum for each row, in float: of products, of squared or of absolute differences. The order of additions differs from level to
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

// The distance of each row of 8-bit integers or bits from a query that is written like the rows: sums of integers without
// any rounding, finished like exact distances. `dimension` is at most 65,536. `query_squares` is used by cosine only; for
// bits the metric is hamming whatever is asked. The same bits at every level, and the same as `vk_rows_exact` would give.
typedef void (*vk_rows_stored)(VKMetric metric, const void *query, double query_squares, const void *rows,
                               size_t dimension, size_t count, size_t stride, float *out);

// What one level offers. The arrays of 2 are indexed by VKElement, `stored` and `stored_squares` by VKElement less VKElementI8.
typedef struct {
  VKLevel level;
  // `crc` is the CRC of the bytes before, 0 for none.
  uint32_t (*crc32c)(uint32_t crc, const void *bytes, size_t count);
  void (*sha256_blocks)(uint32_t *state8, const uint8_t *bytes, size_t blocks);
  vk_rows_sum _Nonnull dot[2];
  vk_rows_sum _Nonnull squared_l2[2];
  vk_rows_sum _Nonnull l1[2];
  vk_rows_two_sums _Nonnull dot_and_squares[2];
  vk_rows_exact _Nonnull exact[2];
  // The sum of squares of one vector in double, added up as `exact` does.
  double (*_Nonnull squares[2])(const void *vector, size_t dimension);
  vk_rows_stored _Nonnull stored[3];
  double (*_Nonnull stored_squares[2])(const void *vector, size_t dimension);
  void (*halves_to_floats)(const void *halves, float *out, size_t count);
  void (*floats_to_halves)(const float *floats, void *out, size_t count);
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

// The index of the first float that is not a whole number from `least` to `greatest`, both within ±2^22; `count` if none.
size_t vk_first_unfit(const float *floats, size_t count, float least, float greatest);

// Between `count` floats and the same numbers as stored. Floats must be numbers of the element type: for f16 they are
// rounded to the nearest, for the integers taken to the nearest end of the range, for bits all but zero is one.
void vk_floats_to_stored(VKElement element, const float *floats, void *stored, size_t count);
void vk_stored_to_floats(VKElement element, const void *stored, float *floats, size_t count);

// The ones among `count` bits, which begin a byte; bits behind them are zero.
size_t vk_ones(const void *bits, size_t count);

// Calls through the table in use, for callers that cannot index C arrays.
static inline void vk_dot(VKElement element, const float *query, const void *rows, size_t dimension, size_t count,
                          size_t stride, float *out) {
  vk_active_kernels()->dot[element](query, rows, dimension, count, stride, out);
}
static inline void vk_squared_l2(VKElement element, const float *query, const void *rows, size_t dimension, size_t count,
                                 size_t stride, float *out) {
  vk_active_kernels()->squared_l2[element](query, rows, dimension, count, stride, out);
}
static inline void vk_l1(VKElement element, const float *query, const void *rows, size_t dimension, size_t count,
                         size_t stride, float *out) {
  vk_active_kernels()->l1[element](query, rows, dimension, count, stride, out);
}
static inline void vk_dot_and_squares(VKElement element, const float *query, const void *rows, size_t dimension,
                                      size_t count, size_t stride, float *products, float *squares) {
  vk_active_kernels()->dot_and_squares[element](query, rows, dimension, count, stride, products, squares);
}
static inline void vk_exact(VKElement element, VKMetric metric, const float *query, double query_squares,
                            const void *rows, size_t dimension, size_t count, size_t stride, float *out) {
  vk_active_kernels()->exact[element](metric, query, query_squares, rows, dimension, count, stride, out);
}
static inline void vk_stored(VKElement element, VKMetric metric, const void *query, double query_squares,
                             const void *rows, size_t dimension, size_t count, size_t stride, float *out) {
  vk_active_kernels()->stored[element - VKElementI8](metric, query, query_squares, rows, dimension, count, stride, out);
}
// The sum of squares of a stored vector.
static inline double vk_squares(VKElement element, const void *vector, size_t dimension) {
  switch (element) {
    case VKElementF32:
    case VKElementF16: return vk_active_kernels()->squares[element](vector, dimension);
    case VKElementI8:
    case VKElementU8: return vk_active_kernels()->stored_squares[element - VKElementI8](vector, dimension);
    case VKElementBit: return (double)vk_ones(vector, dimension);
  }
}

static inline void vk_halves_to_floats(const void *halves, float *out, size_t count) {
  vk_active_kernels()->halves_to_floats(halves, out, count);
}
static inline void vk_floats_to_halves(const float *floats, void *out, size_t count) {
  vk_active_kernels()->floats_to_halves(floats, out, count);
}

#pragma clang assume_nonnull end
