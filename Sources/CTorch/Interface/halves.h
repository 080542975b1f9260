// The layout of score tiles for oneDNN's products of bfloat16, for processors with AVX-512 and its
// instructions for bfloat16. targets.h describes the functions.
#pragma once
#include "vectors.h"

namespace tiles {
namespace {
// 16 numbers, rounded to bfloat16.
CT_INLINE __m256i rounded(const float *source) {
  return (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(source));
}
CT_INLINE __m512i interleaved(__m256i upper, __m256i lower) {
  return _mm512_or_si512(
    _mm512_cvtepu16_epi32(upper), _mm512_slli_epi32(_mm512_cvtepu16_epi32(lower), 16));
}

void round_tile(const float *tile, int64_t rows, uint16_t *plain, uint16_t *paired) {
  for (int64_t r = 0; r < rows; r += 2)
    for (int64_t c = 0; c < width; c += lanes) {
      const __m256i upper = rounded(tile + r * width + c);
      const __m256i lower = rounded(tile + (r + 1) * width + c);
      _mm256_storeu_si256((__m256i *)(plain + r * width + c), upper);
      _mm256_storeu_si256((__m256i *)(plain + (r + 1) * width + c), lower);
      _mm512_storeu_si512(paired + r * width + 2 * c, interleaved(upper, lower));
    }
}
void pair_rows(const uint16_t *source, int64_t rows, int64_t columns, uint16_t *target) {
  for (int64_t r = 0; r < rows; r += 2)
    for (int64_t c = 0; c < columns; c += lanes) {
      const __m256i upper = _mm256_loadu_si256((const __m256i *)(source + r * columns + c));
      const __m256i lower = _mm256_loadu_si256((const __m256i *)(source + (r + 1) * columns + c));
      _mm512_storeu_si512(target + r * columns + 2 * c, interleaved(upper, lower));
    }
}
}  // namespace
}  // namespace tiles
