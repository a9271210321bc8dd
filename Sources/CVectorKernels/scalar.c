// The main kernels once more, one element after the other, as a measure of the others in results and in speed.

#include "kernels.h"

#include <string.h>

#pragma clang fp contract(off)

// Keeps the compiler from using vectors.
#define ONE_BY_ONE _Pragma("clang loop vectorize(disable) unroll(disable)")

// Sums are made in runs, at most 16 of them, so that no element takes part in more additions than the others allow.
static size_t run_length(size_t dimension) { return dimension <= 256 ? 16 : dimension / 16 + 1; }

#define SUM_IN_RUNS(sum, term)                                                     \
  do {                                                                             \
    size_t run = run_length(dimension);                                            \
    for (size_t from = 0; from < dimension; from += run) {                         \
      size_t to = dimension - from < run ? dimension : from + run;                 \
      float part = 0;                                                              \
      ONE_BY_ONE for (size_t i = from; i < to; i++) part += (term);                \
      (sum) += part;                                                               \
    }                                                                              \
  } while (0)

// A float at any address.
typedef float loose_float __attribute__((aligned(1)));

static const loose_float *row_at(const void *rows, size_t index, size_t stride) {
  return (const loose_float *)((const uint8_t *)rows + index * stride);
}

static void dot_f32(const float *query, const void *rows, size_t dimension, size_t count, size_t stride, float *out) {
  const loose_float *q = row_at(query, 0, 0);
  for (size_t r = 0; r < count; r++) {
    const loose_float *row = row_at(rows, r, stride);
    float sum = 0;
    SUM_IN_RUNS(sum, q[i] * row[i]);
    out[r] = sum;
  }
}

static void l2_f32(const float *query, const void *rows, size_t dimension, size_t count, size_t stride, float *out) {
  const loose_float *q = row_at(query, 0, 0);
  for (size_t r = 0; r < count; r++) {
    const loose_float *row = row_at(rows, r, stride);
    float sum = 0;
    SUM_IN_RUNS(sum, (q[i] - row[i]) * (q[i] - row[i]));
    out[r] = sum;
  }
}

static void both_f32(const float *query, const void *rows, size_t dimension, size_t count, size_t stride,
                     float *products, float *squares) {
  const loose_float *q = row_at(query, 0, 0);
  for (size_t r = 0; r < count; r++) {
    const loose_float *row = row_at(rows, r, stride);
    float product = 0, square = 0;
    SUM_IN_RUNS(product, q[i] * row[i]);
    SUM_IN_RUNS(square, row[i] * row[i]);
    products[r] = product, squares[r] = square;
  }
}

static int32_t code_dot(const int8_t *x, const int8_t *y, size_t dimension) {
  int32_t sum = 0;
  ONE_BY_ONE for (size_t i = 0; i < dimension; i++) sum += x[i] * y[i];
  return sum;
}

static void code_dots(const int8_t *query, const void *rows, size_t dimension, size_t count, size_t stride,
                      int32_t *out) {
  for (size_t r = 0; r < count; r++) out[r] = code_dot(query, (const int8_t *)rows + r * stride, dimension);
}

static void code_dots_at(const int8_t *query, const void *rows, size_t dimension, size_t stride,
                         const uint32_t *indexes, size_t count, int32_t *out) {
  for (size_t i = 0; i < count; i++)
    out[i] = code_dot(query, (const int8_t *)rows + indexes[i] * stride, dimension);
}

static void code_tile(const void *queries, size_t query_count, size_t query_stride, const uint8_t *panels,
                      size_t row_count, size_t dimension, int32_t *out, size_t out_stride) {
  for (size_t q = 0; q < query_count; q++) {
    const int8_t *query = (const int8_t *)queries + q * query_stride;
    for (size_t r = 0; r < row_count; r++) {
      const uint8_t *row = panels + r / 16 * 16 * dimension + 4 * (r % 16);
      int32_t sum = 0;
      ONE_BY_ONE for (size_t i = 0; i < dimension; i++) sum += query[i] * (row[16 * (i - i % 4) + i % 4] - 128);
      out[q * out_stride + r] = sum;
    }
  }
}

static void nibble_dots(const int8_t *query, const void *rows, size_t dimension, size_t count, size_t stride,
                        int32_t *out) {
  for (size_t r = 0; r < count; r++) {
    const uint8_t *row = (const uint8_t *)rows + r * stride;
    int32_t sum = 0;
    ONE_BY_ONE for (size_t i = 0; i < dimension; i++) {
      uint8_t byte = row[i / 64 * 32 + i % 32];
      sum += query[i] * (i % 64 < 32 ? byte & 15 : byte >> 4);
    }
    out[r] = sum;
  }
}

static void float_tile(const float *queries, size_t query_count, size_t query_stride, const float *panels,
                       size_t row_count, size_t dimension, float *out, size_t out_stride) {
  for (size_t q = 0; q < query_count; q++) {
    for (size_t r = 0; r < row_count; r++) {
      const loose_float *query = (const loose_float *)queries + q * query_stride;
      const loose_float *row = (const loose_float *)panels + r / 16 * 16 * dimension + r % 16;
      float sum = 0;
      for (size_t i = 0; i < dimension; i += 256) {
        float run = 0;
        ONE_BY_ONE for (size_t j = i; j < dimension && j < i + 256; j++) run += query[j] * row[16 * j];
        sum += run;
      }
      out[q * out_stride + r] = sum;
    }
  }
}

void vk_scalar(vk_kernels *table) {
  table->dot[0] = dot_f32, table->squared_l2[0] = l2_f32, table->dot_and_squares[0] = both_f32;
  table->code_dots = code_dots, table->code_dots_at = code_dots_at;
  table->code_tile = code_tile, table->nibble_dots = nibble_dots, table->float_tile = float_tile;
}
