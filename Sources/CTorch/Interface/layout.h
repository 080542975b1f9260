// The memory layout of score tiles and embeddings for the products, with copies from and to
// tensors. targets.h describes the functions.
#pragma once
#include "vectors.h"

namespace tiles {
namespace {
void add_part(
  const float *source, int64_t rows, int64_t count, int64_t stride, float *tile) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < count; c++) tile[r * width + c] += source[r * stride + c];
}
void copy_part(
  const float *tile, int64_t rows, int64_t count, float *target, int64_t stride) {
  for (int64_t r = 0; r < rows; r++)
    __builtin_memcpy(target + r * stride, tile + r * width, uint64_t(count) * sizeof(float));
}

// Transposes 4 x 4 words.
typedef float Four __attribute__((vector_size(16)));
CT_INLINE void transpose_four(
  const float *source, int64_t stride, float *target, int64_t target_stride) {
  Four a[4];
  for (int64_t i = 0; i < 4; i++) __builtin_memcpy(&a[i], source + i * stride, sizeof a[i]);
  const Four upper = __builtin_shufflevector(a[0], a[1], 0, 4, 1, 5);
  const Four lower = __builtin_shufflevector(a[2], a[3], 0, 4, 1, 5);
  const Four upper_rest = __builtin_shufflevector(a[0], a[1], 2, 6, 3, 7);
  const Four lower_rest = __builtin_shufflevector(a[2], a[3], 2, 6, 3, 7);
  a[0] = __builtin_shufflevector(upper, lower, 0, 1, 4, 5);
  a[1] = __builtin_shufflevector(upper, lower, 2, 3, 6, 7);
  a[2] = __builtin_shufflevector(upper_rest, lower_rest, 0, 1, 4, 5);
  a[3] = __builtin_shufflevector(upper_rest, lower_rest, 2, 3, 6, 7);
  for (int64_t i = 0; i < 4; i++)
    __builtin_memcpy(target + i * target_stride, &a[i], sizeof a[i]);
}
void transpose(
  const void *source, int64_t rows, int64_t columns, int64_t stride, void *target,
  int64_t target_stride) {
  for (int64_t r = 0; r < rows; r += 4)
    for (int64_t c = 0; c < columns; c += 4)
      transpose_four(
        static_cast<const float *>(source) + r * stride + c, stride,
        static_cast<float *>(target) + c * target_stride + r, target_stride);
}

void pack(
  const float *source, int64_t rows, int64_t columns, int64_t stride, float *panels) {
  for (int64_t c = 0; c < columns; c += lanes)
    for (int64_t r = 0; r < rows; r++, panels += lanes)
      __builtin_memcpy(panels, source + r * stride + c, sizeof(float) * lanes);
}
void pack_turned(
  const float *source, int64_t rows, int64_t columns, int64_t stride, float *panels) {
  for (int64_t r = 0; r < rows; r += lanes)
    transpose(source + r * stride, lanes, columns, stride, panels + r * columns, lanes);
}

void scale_row(const float *source, int64_t count, float scale, float *target) {
  for (int64_t c = 0; c < count; c++) target[c] = source[c] * scale;
}
// Rounds to the nearest, ties to even; NaN, which the product has made quiet, stays NaN.
void scale_row_to_halves(
  const float *source, int64_t count, float scale, uint16_t *target) {
  for (int64_t c = 0; c < count; c++) {
    const float x = source[c] * scale;
    uint32_t bits;
    __builtin_memcpy(&bits, &x, sizeof bits);
    const uint32_t nearest = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    target[c] = uint16_t((bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 : nearest);
  }
}
void widen(const uint16_t *source, int64_t count, float *target) {
  for (int64_t c = 0; c < count; c++) {
    const uint32_t bits = uint32_t(source[c]) << 16;
    __builtin_memcpy(target + c, &bits, sizeof bits);
  }
}
void add_row(const float *source, int64_t count, float *target) {
  for (int64_t c = 0; c < count; c++) target[c] += source[c];
}
}  // namespace
}  // namespace tiles
