// From sums to the distances that users see; shared by the kernels of floats and of whole numbers.
#pragma once

#include <float.h>

// Nothing is contracted, and there is one rounding to float. Zero is always positive zero.
#pragma clang fp contract(off)

static inline float vk_round_once(double distance) {
  if (distance > FLT_MAX) return FLT_MAX;
  if (distance < -FLT_MAX) return -FLT_MAX;
  return (float)distance + 0.0f;
}

static inline float vk_finish_cosine(double sum, double query_squares, double squares) {
  double both = query_squares * squares;
  if (!(both > 0)) return 1;
  double cosine = sum / __builtin_elementwise_sqrt(both);
  if (cosine > 1) cosine = 1;
  if (cosine < -1) cosine = -1;
  return vk_round_once(1 - cosine);
}

static inline float vk_finish_dot(double sum) { return vk_round_once(0 - sum); }

static inline float vk_finish_l2(double sum) { return vk_round_once(__builtin_elementwise_sqrt(sum)); }
