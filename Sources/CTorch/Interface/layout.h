// The memory layout of score tiles and embeddings for the products, with copies from and to
// tensors. For processors with AVX-512, like tiles.h.
#pragma once
#include "tiles.h"

#if defined(__clang__)
#pragma clang attribute push( \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma"))), \
  apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")
#endif
#define CT_INLINE static inline __attribute__((always_inline))

namespace tiles {
// The first `count` columns of a tile: `source`, whose rows are `stride` apart, is added to them,
// or they are copied to `target`.
CT_INLINE __mmask16 columns_before(int64_t count, int64_t first) {
  const int64_t left = count - first;
  return left >= lanes ? 0xffff : left > 0 ? __mmask16((1 << left) - 1) : 0;
}
static void add_part(
  const float *source, int64_t rows, int64_t count, int64_t stride, float *tile) {
  __mmask16 masks[vectors];
  for (int64_t k = 0; k < vectors; k++) masks[k] = columns_before(count, k * lanes);
  for (int64_t r = 0; r < rows; r++) {
    Row s = load(tile + r * width);
    for (int64_t k = 0; k < vectors; k++)
      s.of[k] =
        _mm512_add_ps(s.of[k], _mm512_maskz_loadu_ps(masks[k], source + r * stride + k * lanes));
    store(s, tile + r * width);
  }
}
static void copy_part(
  const float *tile, int64_t rows, int64_t count, float *target, int64_t stride) {
  __mmask16 masks[vectors];
  for (int64_t k = 0; k < vectors; k++) masks[k] = columns_before(count, k * lanes);
  for (int64_t r = 0; r < rows; r++) {
    const Row s = load(tile + r * width);
    for (int64_t k = 0; k < vectors; k++)
      _mm512_mask_storeu_ps(target + r * stride + k * lanes, masks[k], s.of[k]);
  }
}

// Transposes 16 x 16 words of 32 bits.
CT_INLINE void transpose(const void *source, int64_t stride, void *target, int64_t target_stride) {
  const float *in = static_cast<const float *>(source);
  float *out = static_cast<float *>(target);
  __m512 a[16], b[16];
  for (int i = 0; i < 16; i++) a[i] = _mm512_loadu_ps(in + i * stride);
  for (int i = 0; i < 16; i += 2) {
    b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
    b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
  }
  // a[4 i + j] holds, in its quarter q, column 4 q + j of the rows 4 i ..< 4 i + 4.
  for (int i = 0; i < 16; i += 4) {
    for (int j = 0; j < 2; j++) {
      const __m512d first = _mm512_castps_pd(b[i + j]), second = _mm512_castps_pd(b[i + j + 2]);
      a[i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(first, second));
      a[i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(first, second));
    }
  }
  for (int j = 0; j < 4; j++) {
    const __m512 even = _mm512_shuffle_f32x4(a[j], a[4 + j], 0x88);
    const __m512 even_rest = _mm512_shuffle_f32x4(a[8 + j], a[12 + j], 0x88);
    const __m512 odd = _mm512_shuffle_f32x4(a[j], a[4 + j], 0xdd);
    const __m512 odd_rest = _mm512_shuffle_f32x4(a[8 + j], a[12 + j], 0xdd);
    _mm512_storeu_ps(out + j * target_stride, _mm512_shuffle_f32x4(even, even_rest, 0x88));
    _mm512_storeu_ps(out + (4 + j) * target_stride, _mm512_shuffle_f32x4(odd, odd_rest, 0x88));
    _mm512_storeu_ps(out + (8 + j) * target_stride, _mm512_shuffle_f32x4(even, even_rest, 0xdd));
    _mm512_storeu_ps(out + (12 + j) * target_stride, _mm512_shuffle_f32x4(odd, odd_rest, 0xdd));
  }
}
static void transpose(
  const void *source, int64_t rows, int64_t columns, int64_t stride, void *target,
  int64_t target_stride) {
  for (int64_t r = 0; r < rows; r += 16)
    for (int64_t c = 0; c < columns; c += 16)
      transpose(
        static_cast<const float *>(source) + r * stride + c, stride,
        static_cast<float *>(target) + c * target_stride + r, target_stride);
}

// 16 numbers, rounded to bfloat16.
CT_INLINE __m256i rounded(__m512 x) { return (__m256i)_mm512_cvtneps_pbh(x); }

// A tile in bfloat16, twice: as it is, and with the rows 2 i and 2 i + 1 interleaved, the layout of
// the second factor of a product.
static void round_tile(const float *tile, int64_t rows, uint16_t *plain, uint16_t *paired) {
  for (int64_t r = 0; r < rows; r += 2)
    for (int64_t c = 0; c < width; c += lanes) {
      const __m256i upper = rounded(_mm512_loadu_ps(tile + r * width + c));
      const __m256i lower = rounded(_mm512_loadu_ps(tile + (r + 1) * width + c));
      _mm256_storeu_si256((__m256i *)(plain + r * width + c), upper);
      _mm256_storeu_si256((__m256i *)(plain + (r + 1) * width + c), lower);
      _mm512_storeu_si512(
        paired + r * width + 2 * c,
        _mm512_or_si512(
          _mm512_cvtepu16_epi32(upper), _mm512_slli_epi32(_mm512_cvtepu16_epi32(lower), 16)));
    }
}
// Interleaves pairs of bfloat16 rows; `columns` is a multiple of 16.
static void pair_rows(
  const uint16_t *source, int64_t rows, int64_t columns, uint16_t *target) {
  for (int64_t r = 0; r < rows; r += 2)
    for (int64_t c = 0; c < columns; c += lanes) {
      const __m256i upper = _mm256_loadu_si256((const __m256i *)(source + r * columns + c));
      const __m256i lower = _mm256_loadu_si256((const __m256i *)(source + (r + 1) * columns + c));
      _mm512_storeu_si512(
        target + r * columns + 2 * c,
        _mm512_or_si512(
          _mm512_cvtepu16_epi32(upper), _mm512_slli_epi32(_mm512_cvtepu16_epi32(lower), 16)));
    }
}

// scale x, in float32 or rounded to bfloat16.
static void scale_row(const float *source, int64_t count, float scale, float *target) {
  for (int64_t c = 0; c < count; c++) target[c] = source[c] * scale;
}
static void scale_row(const float *source, int64_t count, float scale, uint16_t *target) {
  for (int64_t c = 0; c < count; c += lanes) {
    const __mmask16 mask = columns_before(count, c);
    const __m512 x = _mm512_mul_ps(_mm512_maskz_loadu_ps(mask, source + c), _mm512_set1_ps(scale));
    _mm256_mask_storeu_epi16(target + c, mask, rounded(x));
  }
}
static void add_row(const float *source, int64_t count, float *target) {
  for (int64_t c = 0; c < count; c++) target[c] += source[c];
}
}  // namespace tiles

#undef CT_INLINE
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
