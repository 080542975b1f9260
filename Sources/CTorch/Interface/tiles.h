// The arithmetic of score tiles: the work on the 64 scores per row that a matrix product has just
// left in the cache. For processors with AVX-512; blocks.cpp checks this before it calls.
//
// A tile is row-major, 64 floats per row. `bias` is first added to every row: 0 if a loss has none,
// minus infinity after the last label, which masks those columns.
//
// Sums are kept in 16 lanes per row, so that nothing is added across a register until a block ends.
#pragma once
#include <immintrin.h>

#include <cmath>
#include <cstdint>
#include <initializer_list>

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
constexpr int64_t width = 64, lanes = 16, vectors = width / lanes;
constexpr float lowest = -3.4e38f;

// e^x to 1.5 units in the last place; 0 below -87.3, infinity above 88.8, NaN for NaN and infinity.
// x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two parts so that r keeps its bits. The polynomial
// approximates e^r at Chebyshev points to 1 part in 10^8.
//
// `half` is for values that have eight bits before or after: a polynomial to 3 parts in 10^6.
template <bool half>
CT_INLINE __m512 exponential(__m512 x) {
  const __m512 magic = _mm512_set1_ps(12582912.0f);  // 1.5 * 2^23 rounds to whole numbers
  __m512 n = _mm512_sub_ps(
    _mm512_fmadd_ps(x, _mm512_set1_ps(1.44269504088896341f), magic), magic);
  __m512 p;
  if constexpr (half) {
    const __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693147181f), x);
    p = _mm512_set1_ps(0.0414586054f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.167909072f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.500043587f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.999963405f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.999999261f));
  } else {
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
    r = _mm512_fmadd_ps(n, _mm512_set1_ps(2.12194440054690583e-4f), r);
    p = _mm512_set1_ps(0.00139262f);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.00836317f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.04166655f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.16666577f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.5f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
  }
  // "Not less than" is true for NaN as well.
  const __mmask16 counts = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-87.3f), _CMP_NLT_UQ);
  return _mm512_maskz_scalef_ps(counts, p, n);
}

// The scores of one row, and the biases of a tile.
struct Row {
  __m512 of[vectors];
};
CT_INLINE Row load(const float *source) {
  Row row;
  for (int64_t k = 0; k < vectors; k++) row.of[k] = _mm512_loadu_ps(source + k * lanes);
  return row;
}
CT_INLINE Row sum(const Row &a, const Row &b) {
  Row row;
  for (int64_t k = 0; k < vectors; k++) row.of[k] = _mm512_add_ps(a.of[k], b.of[k]);
  return row;
}
CT_INLINE void store(const Row &row, float *target) {
  for (int64_t k = 0; k < vectors; k++) _mm512_storeu_ps(target + k * lanes, row.of[k]);
}
CT_INLINE void accumulate(const Row &row, float *target) {
  const __m512 part = _mm512_add_ps(
    _mm512_add_ps(row.of[0], row.of[1]), _mm512_add_ps(row.of[2], row.of[3]));
  _mm512_storeu_ps(target, _mm512_add_ps(_mm512_loadu_ps(target), part));
}
CT_INLINE __m512 largest(const Row &row) {
  return _mm512_max_ps(
    _mm512_max_ps(row.of[0], row.of[1]), _mm512_max_ps(row.of[2], row.of[3]));
}

// sum of exp(s - shift). The shift is an earlier maximum; it is raised only when a score exceeds it
// by 60 (e^60 is far from overflow), so that the sums are rarely rescaled.
CT_INLINE void raise_shift(__m512 top, float *shift, float *sums) {
  if (_mm512_cmp_ps_mask(top, _mm512_set1_ps(*shift + 60), _CMP_GT_OQ) == 0) return;
  const float peak = std::fmin(_mm512_reduce_max_ps(top), -lowest);
  const __m512 factor = _mm512_set1_ps(float(std::exp(double(*shift) - double(peak))));
  _mm512_storeu_ps(sums, _mm512_mul_ps(_mm512_loadu_ps(sums), factor));
  *shift = peak;
}
template <bool half>
static void add_exponentials(
  const float *scores, int64_t rows, const float *bias, float *shift, float *sums) {
  const Row b = load(bias);
  for (int64_t r = 0; r < rows; r++) {
    Row s = sum(load(scores + r * width), b);
    raise_shift(largest(s), shift + r, sums + r * lanes);
    const __m512 base = _mm512_set1_ps(shift[r]);
    for (auto &v : s.of) v = exponential<half>(_mm512_sub_ps(v, base));
    accumulate(s, sums + r * lanes);
  }
}

// scale exp(s - shift).
template <bool half>
static void write_exponentials(
  float *scores, int64_t rows, const float *bias, const float *shift, const float *scale) {
  const Row b = load(bias);
  for (int64_t r = 0; r < rows; r++) {
    Row s = sum(load(scores + r * width), b);
    const __m512 base = _mm512_set1_ps(shift[r]), factor = _mm512_set1_ps(scale[r]);
    for (auto &v : s.of) v = _mm512_mul_ps(exponential<half>(_mm512_sub_ps(v, base)), factor);
    store(s, scores + r * width);
  }
}

// log(1 + p) for 0 <= p < 2^126, to a relative error of 2e-7. 1 + p = 2^k (1 + f) with 1 + f
// between the square roots of 1/2 and 2; if k is 0, f is p with all its digits. The polynomial
// approximates log(1 + f) / f to 3 parts in 10^8.
CT_INLINE __m512 log_one_plus(__m512 p) {
  const __m512 one = _mm512_set1_ps(1);
  const __m512 k =
    _mm512_getexp_ps(_mm512_mul_ps(_mm512_add_ps(p, one), _mm512_set1_ps(1.41421356f)));
  const __m512 part = _mm512_scalef_ps(one, _mm512_sub_ps(_mm512_setzero_ps(), k));
  const __m512 f = _mm512_fmadd_ps(p, part, _mm512_sub_ps(part, one));
  __m512 q = _mm512_set1_ps(0.0872234577f);
  for (const float next :
       {-0.143668383f, 0.149522681f, -0.165623938f, 0.199568335f, -0.25002074f, 0.333341856f,
        -0.49999988f, 0.999999974f})
    q = _mm512_fmadd_ps(q, f, _mm512_set1_ps(next));
  return _mm512_fmadd_ps(k, _mm512_set1_ps(0.693147181f), _mm512_mul_ps(f, q));
}
CT_INLINE __m512 magnitude(__m512 x) { return _mm512_abs_ps(x); }
CT_INLINE __m512 negative(__m512 x) { return _mm512_sub_ps(_mm512_setzero_ps(), x); }
CT_INLINE __m512 ramp(__m512 x) {
  // For NaN the second operand is returned.
  return _mm512_max_ps(_mm512_setzero_ps(), x);
}

// (1 + p) (1 + q) - 1, which keeps the digits of small p and q.
CT_INLINE __m512 times(__m512 p, __m512 q) {
  return _mm512_fmadd_ps(p, q, _mm512_add_ps(p, q));
}

// sum of log(1 + e^s): a sum (lanes 0) and log(1 + p), a logarithm of many factors at once (p is
// lanes 1). Four factors are below 2^70 and p below 2^55 before them, so nothing overflows.
constexpr float largest_factor = 12, largest_product = 0x1p55f;
template <bool half>
static void add_softplus(const float *scores, int64_t rows, const float *bias, float *sums) {
  const Row b = load(bias);
  for (int64_t r = 0; r < rows; r++) {
    float *const of = sums + 2 * lanes * r;
    Row s = sum(load(scores + r * width), b);
    if (_mm512_cmp_ps_mask(largest(s), _mm512_set1_ps(largest_factor), _CMP_GT_OQ) != 0) {
      // log(1 + e^s) = max(0, s) + log(1 + e^-|s|)
      Row above;
      for (int64_t k = 0; k < vectors; k++) {
        above.of[k] = ramp(s.of[k]);
        s.of[k] = negative(magnitude(s.of[k]));
      }
      accumulate(above, of);
    }
    for (auto &v : s.of) v = exponential<half>(v);
    __m512 p = times(times(s.of[0], s.of[1]), times(s.of[2], s.of[3]));
    p = times(p, _mm512_loadu_ps(of + lanes));
    if (_mm512_cmp_ps_mask(p, _mm512_set1_ps(largest_product), _CMP_GT_OQ) != 0) {
      _mm512_storeu_ps(of, _mm512_add_ps(_mm512_loadu_ps(of), log_one_plus(p)));
      p = _mm512_setzero_ps();
    }
    _mm512_storeu_ps(of + lanes, p);
  }
}
// Moves everything into lanes 0.
static void close_softplus(float *sums, int64_t rows) {
  for (int64_t r = 0; r < rows; r++) {
    float *const of = sums + 2 * lanes * r;
    const __m512 rest = log_one_plus(_mm512_loadu_ps(of + lanes));
    _mm512_storeu_ps(of, _mm512_add_ps(_mm512_loadu_ps(of), rest));
  }
}

// scale sigmoid(s).
template <bool half>
static void write_sigmoids(float *scores, int64_t rows, const float *bias, float scale) {
  const Row b = load(bias);
  const __m512 factor = _mm512_set1_ps(scale), one = _mm512_set1_ps(1);
  for (int64_t r = 0; r < rows; r++) {
    Row s = sum(load(scores + r * width), b);
    for (auto &v : s.of) {
      const __mmask16 counts = _mm512_cmp_ps_mask(v, _mm512_set1_ps(-87.3f), _CMP_NLT_UQ);
      const __m512 u = exponential<half>(negative(v));
      v = _mm512_maskz_div_ps(counts, factor, _mm512_add_ps(u, one));
    }
    store(s, scores + r * width);
  }
}

// sum of max(0, s + 1)^2.
static void add_squared_hinges(const float *scores, int64_t rows, const float *bias, float *sums) {
  const Row b = load(bias);
  for (int64_t r = 0; r < rows; r++) {
    Row s = sum(load(scores + r * width), b);
    for (auto &v : s.of) {
      const __m512 h = ramp(_mm512_add_ps(v, _mm512_set1_ps(1)));
      v = _mm512_mul_ps(h, h);
    }
    accumulate(s, sums + r * lanes);
  }
}

// scale max(0, s + 1).
static void write_hinges(float *scores, int64_t rows, const float *bias, float scale) {
  const Row b = load(bias);
  for (int64_t r = 0; r < rows; r++) {
    Row s = sum(load(scores + r * width), b);
    for (auto &v : s.of)
      v = _mm512_mul_ps(ramp(_mm512_add_ps(v, _mm512_set1_ps(1))), _mm512_set1_ps(scale));
    store(s, scores + r * width);
  }
}

// The number of scores above minus infinity, their minimum and maximum (lanes 0, 1, 2), and the
// sum of exp(sharpness s - shift) (lanes 3).
static void add_bounds(
  const float *scores, int64_t rows, const float *bias, float sharpness, float *shift,
  float *sums) {
  const Row b = load(bias);
  const __m512 one = _mm512_set1_ps(1), hidden = _mm512_set1_ps(-INFINITY);
  for (int64_t r = 0; r < rows; r++) {
    float *const of = sums + 4 * lanes * r;
    Row s = sum(load(scores + r * width), b);
    __m512 count = _mm512_loadu_ps(of), least = _mm512_loadu_ps(of + lanes);
    for (auto &v : s.of) {
      const __mmask16 seen = _mm512_cmp_ps_mask(v, hidden, _CMP_NEQ_UQ);
      count = _mm512_mask_add_ps(count, seen, count, one);
      least = _mm512_mask_min_ps(least, seen, least, v);
    }
    const __m512 top = _mm512_max_ps(_mm512_loadu_ps(of + 2 * lanes), largest(s));
    _mm512_storeu_ps(of, count);
    _mm512_storeu_ps(of + lanes, least);
    _mm512_storeu_ps(of + 2 * lanes, top);
    for (auto &v : s.of) v = _mm512_mul_ps(v, _mm512_set1_ps(sharpness));
    raise_shift(largest(s), shift + r, of + 3 * lanes);
    const __m512 base = _mm512_set1_ps(shift[r]);
    for (auto &v : s.of) v = exponential<false>(_mm512_sub_ps(v, base));
    accumulate(s, of + 3 * lanes);
  }
}

// A row's threshold in two parts: one float has too few digits.
struct Threshold {
  float high, low;
};
// z = sharpness (s + t); `beyond` is sigmoid(-|z|), `slope` sigmoid(z) (1 - sigmoid(z)).
struct Place {
  __m512 z, beyond, slope;
};
CT_INLINE Place place(__m512 score, __m512 high, __m512 low, __m512 sharpness) {
  Place p;
  p.z = _mm512_mul_ps(_mm512_add_ps(_mm512_add_ps(score, high), low), sharpness);
  const __m512 u = exponential<false>(negative(magnitude(p.z)));
  const __m512 rest = _mm512_div_ps(_mm512_set1_ps(1), _mm512_add_ps(u, _mm512_set1_ps(1)));
  p.beyond = _mm512_mul_ps(u, rest);
  p.slope = _mm512_mul_ps(p.beyond, rest);
  return p;
}

// The number of z above 0, the sum of sigmoid(z) over the others, of sigmoid(-z) over those above,
// of v = sigmoid(z) (1 - sigmoid(z)), and of v (1 - 2 sigmoid(z)) (lanes 0 to 4).
static void add_sigmoid_sums(
  const float *scores, int64_t rows, const float *bias, float sharpness,
  const Threshold *thresholds, float *sums) {
  const Row b = load(bias);
  const __m512 one = _mm512_set1_ps(1), alpha = _mm512_set1_ps(sharpness);
  for (int64_t r = 0; r < rows; r++) {
    float *const of = sums + 5 * lanes * r;
    const Row s = sum(load(scores + r * width), b);
    const __m512 high = _mm512_set1_ps(thresholds[r].high);
    const __m512 low = _mm512_set1_ps(thresholds[r].low);
    __m512 part[5];
    for (auto &p : part) p = _mm512_setzero_ps();
    for (const auto &v : s.of) {
      const Place p = place(v, high, low, alpha);
      const __mmask16 above = _mm512_cmp_ps_mask(p.z, _mm512_setzero_ps(), _CMP_GT_OQ);
      part[0] = _mm512_mask_add_ps(part[0], above, part[0], one);
      part[1] = _mm512_mask_add_ps(part[1], _knot_mask16(above), part[1], p.beyond);
      part[2] = _mm512_mask_add_ps(part[2], above, part[2], p.beyond);
      part[3] = _mm512_add_ps(part[3], p.slope);
      const __m512 bend = _mm512_fnmadd_ps(_mm512_add_ps(p.beyond, p.beyond), p.slope, p.slope);
      part[4] = _mm512_add_ps(part[4], _mm512_mask_sub_ps(bend, above, _mm512_setzero_ps(), bend));
    }
    for (int64_t k = 0; k < 5; k++)
      _mm512_storeu_ps(of + k * lanes, _mm512_add_ps(_mm512_loadu_ps(of + k * lanes), part[k]));
  }
}

// scale v.
static void write_slopes(
  float *scores, int64_t rows, const float *bias, float sharpness, const Threshold *thresholds,
  const float *scale) {
  const Row b = load(bias);
  for (int64_t r = 0; r < rows; r++) {
    Row s = sum(load(scores + r * width), b);
    const __m512 high = _mm512_set1_ps(thresholds[r].high);
    const __m512 low = _mm512_set1_ps(thresholds[r].low);
    for (auto &v : s.of)
      v = _mm512_mul_ps(
        place(v, high, low, _mm512_set1_ps(sharpness)).slope, _mm512_set1_ps(scale[r]));
    store(s, scores + r * width);
  }
}

// Adds the column sums of a tile to `sums`.
static void add_columns(const float *tile, int64_t rows, float *sums) {
  Row total = load(sums);
  for (int64_t r = 0; r < rows; r++) total = sum(total, load(tile + r * width));
  store(total, sums);
}
}  // namespace tiles

#undef CT_INLINE
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
