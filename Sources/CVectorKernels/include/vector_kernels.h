// Loops over bytes and floats that must exist once for each instruction set.
//
// A kernel takes pointers and counts, allocates nothing, touches no file and keeps no state. Pointers need no alignment.
#pragma once

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// The levels of the dispatch table. Scalar takes one element after the other in the main kernels and is the base in the
// others. On ARM the base is NEON, and there is one more with its dot product instructions.
typedef enum __attribute__((enum_extensibility(closed))) : int32_t {
  VKLevelScalar = 0,
  VKLevelBase = 1,
  VKLevelAVX2 = 2,
  VKLevelAVX512 = 3,
  VKLevelNEONDot = 4,
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

// Codes of 8 bits are signed numbers from -127 to 127; -128 must not occur. Their dimension is a multiple of 64, at most
// 65,536, and every sum of theirs is exact.
//
// Codes of 4 bits are numbers from 0 to 15, two a byte: of each 64 dimensions the low halves of 32 bytes hold the first
// 32, the high halves the other 32.
//
// Kernels with `at` take rows by number: the row of `indexes[i]` starts `indexes[i] * stride` bytes after `rows`.

// What keeps a row of 8-bit codes in a scan, by metric. In all of it `dot` is `dots[r]`, or `dots[r] * 128 + lows[r]` when
// `lows` is given, and the sums are in double. Nothing is contracted: the same rows are kept at every level.
typedef struct {
  // Not 0: a row is kept unless `base + row_factor * squares - dot_factor * dot > (limit + residual)^2`.
  // 0: a row is kept unless
  // `base - dot_factor * dot - root_factor * sqrt(squares) - residual_factor * residual > limit`.
  int32_t is_euclidean;
  double base, row_factor, dot_factor, root_factor, residual_factor, limit;
} vk_code_bound;

// What keeps a row of a tile, in float, which is four times as fast: unless
// `((offset + term_factor * term) - residual_factor * residual) - dot_factor * dot > 0`. Nothing is contracted.
typedef struct {
  float offset, term_factor, residual_factor, dot_factor;
} vk_tile_bound;

// The numbers of a query that turn a product of 4-bit codes into a distance:
// `(factors[0] + add) + factors[1] * (scale * dot + offset)`, in float, nothing contracted.
typedef struct {
  float add, scale, offset;
} vk_nibble_query;

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

// What one level offers. Arrays are indexed by VKElement, `stored` and `stored_squares` by VKElement less VKElementI8,
// `in_ranges` and `in_set` by VKColumn.
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

  // Products of a query's 8-bit codes with each row's.
  void (*code_dots)(const int8_t *query, const void *rows, size_t dimension, size_t count, size_t stride, int32_t *out);
  void (*code_dots_at)(const int8_t *query, const void *rows, size_t dimension, size_t stride, const uint32_t *indexes,
                       size_t count, int32_t *out);
  // The squared distance of the query's codes to those of each row, `query_squares + squares - 2 * dot`, for dimensions
  // up to 32,768. The row's int32_t sum of squares stands `indexes[i] * squares_stride` bytes after `squares`.
  void (*code_distances_at)(const int8_t *query, int32_t query_squares, const void *rows, size_t dimension,
                            size_t stride, const void *squares, size_t squares_stride, const uint32_t *indexes,
                            size_t count, int32_t *out);
  // Writes `count` rows, rounded up to a multiple of 16, as panels for `code_tile`: 16 rows a panel, `16 * dimension` bytes
  // each. The layout is the same at every level.
  void (*pack_codes)(const void *rows, size_t dimension, size_t count, size_t stride, uint8_t *panels);
  // Products of every query with every row of the panels: query i and row r at `out[i * out_stride + r]`. Writes
  // `row_count` numbers a query. Panels may begin at any multiple of 16 rows: so half the products of all pairs suffice.
  void (*code_tile)(const void *queries, size_t query_count, size_t query_stride, const uint8_t *panels,
                    size_t row_count, size_t dimension, int32_t *out, size_t out_stride);
  // The numbers of the rows kept, ascending; returns how many.
  size_t (*code_survivors)(const vk_code_bound *bound, const int32_t *dots, const int32_t *squares,
                           const float *residuals, size_t count, uint32_t *out);
  // The same by the bound of a tile; `terms` holds a float for each row.
  size_t (*tile_survivors)(const vk_tile_bound *bound, const int32_t *dots, const float *terms, const float *residuals,
                           size_t count, uint32_t *out);

  // Products of a query's 8-bit codes, in their plain order, with each row's 4-bit codes.
  void (*nibble_dots)(const int8_t *query, const void *rows, size_t dimension, size_t count, size_t stride,
                      int32_t *out);
  void (*nibble_dots_at)(const int8_t *query, const void *rows, size_t dimension, size_t stride,
                         const uint32_t *indexes, size_t count, int32_t *out);
  // The distances that 4-bit codes give. The row's two floats stand `indexes[i] * factors_stride` bytes after `factors`.
  void (*nibble_distances_at)(const int8_t *query, const vk_nibble_query *numbers, const void *rows, size_t dimension,
                              size_t stride, const void *factors, size_t factors_stride, const uint32_t *indexes,
                              size_t count, float *out);

  // Writes `count` rows of floats, `stride` floats apart, as panels for `float_tile`: 16 rows a panel, the last one filled
  // up, `16 * dimension` floats each.
  void (*pack_floats)(const float *rows, size_t dimension, size_t count, size_t stride, float *panels);
  // Products of every query with every row of the panels, in float: query i, `i * query_stride` floats after `queries`, and
  // row r at `out[i * out_stride + r]`. Elements are added up in order in runs of 256, and the runs in order: no element
  // takes part in more than `min(dimension, 256) + dimension / 256 + 1` additions, and a result does not depend on the
  // queries and rows beside it. Which of the products are fused differs from level to level.
  void (*float_tile)(const float *queries, size_t query_count, size_t query_stride, const float *panels,
                     size_t row_count, size_t dimension, float *out, size_t out_stride);

  // The vector of a frame before it is rotated: `(float)(row[i] * factor) - mean[i]`, the product in double, for the
  // first `dimension` elements; not multiplied when `factor` is 1, nothing subtracted when `mean` is NULL. Then zeros up
  // to `padded`.
  void (*_Nonnull centre[2])(const void *row, double factor, const float *_Nullable mean, size_t dimension,
                             size_t padded, float *out);
  // A fixed orthonormal map in place: see rotate in bodies/frames.inc. `signs` holds 4 * dimension bits; the dimension is
  // a multiple of 64, from 64 to 65,536.
  void (*rotate)(float *vector, size_t dimension, const uint8_t *signs);
  // Codes `vector[i] * inverse_scale`, rounded to nearest, ties to even, held in -127...127; the sum of the codes' squares;
  // in double, added up as `exact` does, the squares of `vector[i]` and of `vector[i] - scale * codes[i]`.
  void (*encode)(const float *vector, size_t dimension, float scale, float inverse_scale, int8_t *codes,
                 int32_t *code_squares, double *squares, double *residual_squares);
  // 4-bit codes of a vector, `dimension / 2` bytes, and three floats, its factors: see encode_nibbles in bodies/frames.inc.
  void (*encode_nibbles)(const float *vector, size_t dimension, uint8_t *codes, void *factors);
  vk_in_ranges _Nonnull in_ranges[5];
  vk_in_set _Nonnull in_set[3];
} vk_kernels;

// The table in use: the processor's best unless a lower level was forced.
const vk_kernels *vk_active_kernels(void);

// The table of `level`, or NULL when this processor cannot run it. Scalar and base always exist.
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

static inline void vk_code_dots(const int8_t *query, const void *rows, size_t dimension, size_t count, size_t stride,
                                int32_t *out) {
  vk_active_kernels()->code_dots(query, rows, dimension, count, stride, out);
}
static inline void vk_code_dots_at(const int8_t *query, const void *rows, size_t dimension, size_t stride,
                                   const uint32_t *indexes, size_t count, int32_t *out) {
  vk_active_kernels()->code_dots_at(query, rows, dimension, stride, indexes, count, out);
}
static inline void vk_code_distances_at(const int8_t *query, int32_t query_squares, const void *rows, size_t dimension,
                                        size_t stride, const void *squares, size_t squares_stride,
                                        const uint32_t *indexes, size_t count, int32_t *out) {
  vk_active_kernels()->code_distances_at(query, query_squares, rows, dimension, stride, squares, squares_stride,
                                         indexes, count, out);
}
static inline void vk_pack_codes(const void *rows, size_t dimension, size_t count, size_t stride, uint8_t *panels) {
  vk_active_kernels()->pack_codes(rows, dimension, count, stride, panels);
}
static inline void vk_code_tile(const void *queries, size_t query_count, size_t query_stride, const uint8_t *panels,
                                size_t row_count, size_t dimension, int32_t *out, size_t out_stride) {
  vk_active_kernels()->code_tile(queries, query_count, query_stride, panels, row_count, dimension, out, out_stride);
}
static inline size_t vk_code_survivors(const vk_code_bound *bound, const int32_t *dots, const int32_t *squares,
                                       const float *residuals, size_t count, uint32_t *out) {
  return vk_active_kernels()->code_survivors(bound, dots, squares, residuals, count, out);
}
static inline size_t vk_tile_survivors(const vk_tile_bound *bound, const int32_t *dots, const float *terms,
                                       const float *residuals, size_t count, uint32_t *out) {
  return vk_active_kernels()->tile_survivors(bound, dots, terms, residuals, count, out);
}
static inline void vk_nibble_dots(const int8_t *query, const void *rows, size_t dimension, size_t count, size_t stride,
                                  int32_t *out) {
  vk_active_kernels()->nibble_dots(query, rows, dimension, count, stride, out);
}
static inline void vk_nibble_dots_at(const int8_t *query, const void *rows, size_t dimension, size_t stride,
                                     const uint32_t *indexes, size_t count, int32_t *out) {
  vk_active_kernels()->nibble_dots_at(query, rows, dimension, stride, indexes, count, out);
}
static inline void vk_nibble_distances_at(const int8_t *query, const vk_nibble_query *numbers, const void *rows,
                                          size_t dimension, size_t stride, const void *factors, size_t factors_stride,
                                          const uint32_t *indexes, size_t count, float *out) {
  vk_active_kernels()->nibble_distances_at(query, numbers, rows, dimension, stride, factors, factors_stride, indexes,
                                           count, out);
}
static inline void vk_pack_floats(const float *rows, size_t dimension, size_t count, size_t stride, float *panels) {
  vk_active_kernels()->pack_floats(rows, dimension, count, stride, panels);
}
static inline void vk_float_tile(const float *queries, size_t query_count, size_t query_stride, const float *panels,
                                 size_t row_count, size_t dimension, float *out, size_t out_stride) {
  vk_active_kernels()->float_tile(queries, query_count, query_stride, panels, row_count, dimension, out, out_stride);
}
static inline void vk_centre(VKElement element, const void *row, double factor, const float *_Nullable mean,
                             size_t dimension, size_t padded, float *out) {
  vk_active_kernels()->centre[element](row, factor, mean, dimension, padded, out);
}
static inline void vk_rotate(float *vector, size_t dimension, const uint8_t *signs) {
  vk_active_kernels()->rotate(vector, dimension, signs);
}
static inline void vk_encode(const float *vector, size_t dimension, float scale, float inverse_scale, int8_t *codes,
                             int32_t *code_squares, double *squares, double *residual_squares) {
  vk_active_kernels()->encode(vector, dimension, scale, inverse_scale, codes, code_squares, squares, residual_squares);
}

static inline void vk_encode_nibbles(const float *vector, size_t dimension, uint8_t *codes, void *factors) {
  vk_active_kernels()->encode_nibbles(vector, dimension, codes, factors);
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
