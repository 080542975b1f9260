// The arithmetic of score tiles: the work on the 64 scores per row that a matrix product has just
// left in the cache. targets.h describes the functions.
#pragma once
#include "vectors.h"

namespace tiles {
namespace {
// The scores of one row, or the biases of a tile.
struct Row {
  Floats of[vectors];
};
CT_INLINE Row load_row(const float *source) {
  Row row;
  for (int64_t k = 0; k < vectors; k++) row.of[k] = load(source + k * native);
  return row;
}
CT_INLINE Row sum(const Row &a, const Row &b) {
  Row row;
  for (int64_t k = 0; k < vectors; k++) row.of[k] = a.of[k] + b.of[k];
  return row;
}
CT_INLINE void store_row(const Row &row, float *target) {
  for (int64_t k = 0; k < vectors; k++) store(row.of[k], target + k * native);
}
// Adds a row to 16 lanes of sums.
CT_INLINE void accumulate(const Row &row, float *target) {
  for (int64_t g = 0; g < groups; g++) {
    const Floats part = (row.of[g] + row.of[g + groups])
      + (row.of[g + 2 * groups] + row.of[g + 3 * groups]);
    store(load(target + g * native) + part, target + g * native);
  }
}

// 16 lanes.
struct Lanes {
  Floats of[groups];
};
CT_INLINE Lanes largest(const Row &row) {
  Lanes result;
  for (int64_t g = 0; g < groups; g++)
    result.of[g] = larger(
      larger(row.of[g], row.of[g + groups]),
      larger(row.of[g + 2 * groups], row.of[g + 3 * groups]));
  return result;
}
CT_INLINE bool exceeds(const Lanes &x, float limit) {
  Floats top = x.of[0];
  for (int64_t g = 1; g < groups; g++) top = larger(top, x.of[g]);
  return exceeds(top, limit);
}

// The shift is an earlier maximum; it is raised only when a score exceeds it by 60 (e^60 is far from
// overflow), so that the sums are rarely rescaled.
CT_INLINE void raise_shift(const Lanes &top, float *shift, float *sums) {
  if (!exceeds(top, *shift + 60)) return;
  float peak = lowest;
  for (int64_t g = 0; g < groups; g++)
    for (int64_t i = 0; i < native; i++) peak = top.of[g][i] > peak ? top.of[g][i] : peak;
  peak = peak < -lowest ? peak : -lowest;
  const float factor = float(__builtin_exp(double(*shift) - double(peak)));
  for (int64_t g = 0; g < groups; g++)
    store(load(sums + g * native) * factor, sums + g * native);
  *shift = peak;
}
template <bool half>
void add_exponentials(
  const float *scores, int64_t rows, const float *bias, float *shift, float *sums) {
  const Row b = load_row(bias);
  for (int64_t r = 0; r < rows; r++) {
    Row s = sum(load_row(scores + r * width), b);
    raise_shift(largest(s), shift + r, sums + r * lanes);
    const Floats base = all(shift[r]);
    for (auto &v : s.of) v = exponential<half>(v - base);
    accumulate(s, sums + r * lanes);
  }
}
template <bool half>
void write_exponentials(
  float *scores, int64_t rows, const float *bias, const float *shift, const float *scale) {
  const Row b = load_row(bias);
  for (int64_t r = 0; r < rows; r++) {
    Row s = sum(load_row(scores + r * width), b);
    const Floats base = all(shift[r]), factor = all(scale[r]);
    for (auto &v : s.of) v = exponential<half>(v - base) * factor;
    store_row(s, scores + r * width);
  }
}

// (1 + p) (1 + q) - 1, which keeps the digits of small p and q.
CT_INLINE Floats times(Floats p, Floats q) { return p * q + (p + q); }

// A sum (lanes 0) and log(1 + p), a logarithm of many factors at once (p is lanes 1). Four factors
// are below 2^70 and p below 2^55 before them, so nothing overflows.
constexpr float largest_factor = 12, largest_product = 0x1p55f;
template <bool half>
void add_softplus(const float *scores, int64_t rows, const float *bias, float *sums) {
  const Row b = load_row(bias);
  for (int64_t r = 0; r < rows; r++) {
    float *const of = sums + 2 * lanes * r;
    Row s = sum(load_row(scores + r * width), b);
    if (exceeds(largest(s), largest_factor)) {
      // log(1 + e^s) = max(0, s) + log(1 + e^-|s|)
      Row above;
      for (int64_t k = 0; k < vectors; k++) {
        above.of[k] = ramp(s.of[k]);
        s.of[k] = -magnitude(s.of[k]);
      }
      accumulate(above, of);
    }
    for (auto &v : s.of) v = exponential<half>(v);
    Lanes p;
    for (int64_t g = 0; g < groups; g++) {
      p.of[g] = times(
        times(s.of[g], s.of[g + groups]), times(s.of[g + 2 * groups], s.of[g + 3 * groups]));
      p.of[g] = times(p.of[g], load(of + lanes + g * native));
    }
    if (exceeds(p, largest_product))
      for (int64_t g = 0; g < groups; g++) {
        store(load(of + g * native) + log_one_plus(p.of[g]), of + g * native);
        p.of[g] = Floats{};
      }
    for (int64_t g = 0; g < groups; g++) store(p.of[g], of + lanes + g * native);
  }
}
void close_softplus(float *sums, int64_t rows) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t g = 0; g < groups; g++) {
      float *const of = sums + 2 * lanes * r + g * native;
      store(load(of) + log_one_plus(load(of + lanes)), of);
    }
}

template <bool half>
void write_sigmoids(float *scores, int64_t rows, const float *bias, float scale) {
  const Row b = load_row(bias);
  for (int64_t r = 0; r < rows; r++) {
    Row s = sum(load_row(scores + r * width), b);
    for (auto &v : s.of) v = where(~(v < -87.3f), scale * reciprocal(exponential<half>(-v) + 1.0f));
    store_row(s, scores + r * width);
  }
}

void add_squared_hinges(const float *scores, int64_t rows, const float *bias, float *sums) {
  const Row b = load_row(bias);
  for (int64_t r = 0; r < rows; r++) {
    Row s = sum(load_row(scores + r * width), b);
    for (auto &v : s.of) {
      const Floats h = ramp(v + 1.0f);
      v = h * h;
    }
    accumulate(s, sums + r * lanes);
  }
}
void write_hinges(float *scores, int64_t rows, const float *bias, float scale) {
  const Row b = load_row(bias);
  for (int64_t r = 0; r < rows; r++) {
    Row s = sum(load_row(scores + r * width), b);
    for (auto &v : s.of) v = ramp(v + 1.0f) * scale;
    store_row(s, scores + r * width);
  }
}

void add_bounds(
  const float *scores, int64_t rows, const float *bias, float sharpness, float *shift,
  float *sums) {
  const Row b = load_row(bias);
  for (int64_t r = 0; r < rows; r++) {
    float *const of = sums + 4 * lanes * r;
    Row s = sum(load_row(scores + r * width), b);
    Lanes top = largest(s);
    for (int64_t g = 0; g < groups; g++) {
      Floats count = load(of + g * native), least = load(of + lanes + g * native);
      for (int64_t k = g; k < vectors; k += groups) {
        const Ints seen = s.of[k] != -__builtin_inff();
        count += where(seen, all(1));
        least = ((s.of[k] < least) & seen) ? s.of[k] : least;
      }
      store(count, of + g * native);
      store(least, of + lanes + g * native);
      float *const high = of + 2 * lanes + g * native;
      store(larger(load(high), top.of[g]), high);
    }
    for (auto &v : s.of) v *= sharpness;
    raise_shift(largest(s), shift + r, of + 3 * lanes);
    const Floats base = all(shift[r]);
    for (auto &v : s.of) v = exponential<false>(v - base);
    accumulate(s, of + 3 * lanes);
  }
}

// z = sharpness (s + t); `beyond` is sigmoid(-|z|), `slope` sigmoid(z) (1 - sigmoid(z)).
struct Place {
  Floats z, beyond, slope;
};
template <bool half>
CT_INLINE Place place(Floats score, Threshold threshold, float sharpness) {
  Place p;
  p.z = ((score + threshold.high) + threshold.low) * sharpness;
  const Floats u = exponential<half>(-magnitude(p.z));
  const Floats rest = reciprocal(u + 1.0f);
  p.beyond = u * rest;
  p.slope = p.beyond * rest;
  return p;
}
void add_sigmoid_sums(
  const float *scores, int64_t rows, const float *bias, float sharpness,
  const Threshold *thresholds, float *sums) {
  const Row b = load_row(bias);
  for (int64_t r = 0; r < rows; r++) {
    float *const of = sums + 5 * lanes * r;
    const Row s = sum(load_row(scores + r * width), b);
    for (int64_t g = 0; g < groups; g++) {
      Floats part[5];
      for (int64_t k = 0; k < 5; k++) part[k] = load(of + k * lanes + g * native);
      for (int64_t k = g; k < vectors; k += groups) {
        const Place p = place<false>(s.of[k], thresholds[r], sharpness);
        const Ints above = p.z > 0.0f;
        part[0] += where(above, all(1));
        part[1] += where(~above, p.beyond);
        part[2] += where(above, p.beyond);
        part[3] += p.slope;
        const Floats bend = p.slope - (p.beyond + p.beyond) * p.slope;
        part[4] += above ? -bend : bend;
      }
      for (int64_t k = 0; k < 5; k++) store(part[k], of + k * lanes + g * native);
    }
  }
}

void add_peaks(const float *scores, int64_t rows, const float *bias, float *peaks) {
  const Row b = load_row(bias);
  for (int64_t r = 0; r < rows; r++) {
    Row s = sum(load_row(scores + r * width), b);
    const Row before = load_row(peaks + r * width);
    for (int64_t k = 0; k < vectors; k++) s.of[k] = larger(s.of[k], before.of[k]);
    store_row(s, peaks + r * width);
  }
}

// Few rows of a tile have scores above their cutoff.
void append_above(const Row &s, float cutoff, int64_t row, Above &above) {
  for (int64_t k = 0; k < vectors; k++)
    for (uint32_t bits = lanes_above(s.of[k], cutoff); bits; bits &= bits - 1) {
      if (above.counts[row]++ >= above.limit) continue;
      above.rows[above.count] = int32_t(row);
      above.scores[above.count++] = s.of[k][__builtin_ctz(bits)];
    }
}
template <bool half>
void add_tails(
  const float *scores, int64_t rows, const float *bias, float sharpness, const float *cutoffs,
  int64_t first, float *sums, Above &above) {
  const Row b = load_row(bias);
  for (int64_t r = 0; r < rows; r++) {
    float *const of = sums + 4 * lanes * r;
    const Row s = sum(load_row(scores + r * width), b);
    if (exceeds(largest(s), cutoffs[r])) append_above(s, cutoffs[r], first + r, above);
    for (int64_t g = 0; g < groups; g++) {
      Floats part[4];
      for (int64_t k = 0; k < 4; k++) part[k] = load(of + k * lanes + g * native);
      for (int64_t k = g; k < vectors; k += groups) {
        const Floats y = where(
          ~(s.of[k] > cutoffs[r]), exponential<half>((s.of[k] - cutoffs[r]) * sharpness));
        const Floats square = y * y;
        part[0] += y;
        part[1] += square;
        part[2] += square * y;
        part[3] += square * square;
      }
      for (int64_t k = 0; k < 4; k++) store(part[k], of + k * lanes + g * native);
    }
  }
}
template <bool half>
void write_slopes(
  float *scores, int64_t rows, const float *bias, float sharpness, const Threshold *thresholds,
  const float *scale) {
  const Row b = load_row(bias);
  for (int64_t r = 0; r < rows; r++) {
    Row s = sum(load_row(scores + r * width), b);
    for (auto &v : s.of) v = place<half>(v, thresholds[r], sharpness).slope * scale[r];
    store_row(s, scores + r * width);
  }
}

void add_columns(const float *tile, int64_t rows, float *sums) {
  Row total = load_row(sums);
  for (int64_t r = 0; r < rows; r++) total = sum(total, load_row(tile + r * width));
  store_row(total, sums);
}
}  // namespace
}  // namespace tiles
