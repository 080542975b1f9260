// Compares every kernel of the interface library with plain loops in double precision, for each
// target that this processor (or its emulator) supports. Scripts/test-kernels compiles and runs it.
#include "../../Sources/CTorch/Interface/targets.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace {
using namespace tiles;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr int64_t rest = 23;  // columns of a last tile
int64_t checks = 0, failures = 0;
std::string target_name;

bool is_close(double found, double expected, double tolerance) {
  if (std::isnan(expected)) return std::isnan(found);
  if (std::isinf(expected)) return found == expected;
  return std::abs(found - expected) <= tolerance * std::max(1e-30, std::abs(expected));
}
void expect(const std::string &what, double found, double expected, double tolerance) {
  checks++;
  if (is_close(found, expected, tolerance)) return;
  if (failures++ < 20)
    std::printf(
      "%s: %s is %.9g, expected %.9g to %g\n", target_name.c_str(), what.c_str(), found, expected,
      tolerance);
}
void expect_that(const std::string &what, bool holds) { expect(what, holds, 1, 0); }

std::mt19937 generator(1);
std::vector<float> normal(int64_t count, float scale = 1) {
  std::normal_distribution<float> distribution(0, scale);
  std::vector<float> result(count);
  for (auto &x : result) x = distribution(generator);
  return result;
}
std::string at(const char *name, int64_t r, int64_t c = -1) {
  return std::string(name) + " of row " + std::to_string(r)
    + (c < 0 ? "" : ", column " + std::to_string(c));
}

// A tile whose first rows have scores of extreme kinds.
struct Case {
  int64_t rows, count;
  std::vector<float> scores, bias;

  Case(int64_t rows, int64_t count) : rows(rows), count(count) {
    scores = normal(64 * width, 4);
    bias = normal(width);
    for (int64_t c = count; c < width; c++) bias[c] = -INFINITY;
    set(1, [](int64_t c) { return c == 0 ? NAN : 1.0f; });
    set(2, [](int64_t c) { return c == 0 ? INFINITY : 1.0f; });
    set(3, [](int64_t c) { return c % 3 ? float(c) : -INFINITY; });
    set(4, [](int64_t) { return -INFINITY; });
    set(5, [](int64_t c) { return c % 2 ? 1e30f : -1e30f; });
    set(6, [](int64_t c) { return -80 - float(c) / 8; });
    set(7, [](int64_t c) { return 300 - 10 * float(c); });
  }
  void set(int64_t row, const std::function<float(int64_t)> &score) {
    for (int64_t c = 0; c < width; c++) scores[row * width + c] = score(c);
  }
  // As the kernels add: in float.
  double score(int64_t r, int64_t c) const { return double(scores[r * width + c] + bias[c]); }
  double sum(int64_t r, const std::function<double(double)> &term) const {
    double result = 0;
    for (int64_t c = 0; c < count; c++) result += term(score(r, c));
    return result;
  }
  double log_sum_exp(int64_t r, double factor) const {
    double peak = -infinity;
    for (int64_t c = 0; c < count; c++) {
      const double s = score(r, c) * factor;
      peak = s > peak || std::isnan(s) ? s : peak;
      if (std::isnan(peak)) return nan;
    }
    if (std::isinf(peak)) return peak;
    return peak + std::log(sum(r, [&](double s) { return std::exp(s * factor - peak); }));
  }
  bool has(int64_t r, const std::function<bool(double)> &holds) const {
    for (int64_t c = 0; c < count; c++)
      if (holds(score(r, c))) return true;
    return false;
  }
  bool has_nan(int64_t r) const { return has(r, [](double s) { return std::isnan(s); }); }
};
double lanes_of(const std::vector<float> &sums, int64_t row, int64_t each, int64_t which) {
  double result = 0;
  for (int64_t k = 0; k < lanes; k++) result += sums[(row * each + which) * lanes + k];
  return result;
}
double softplus(double s) { return s > 0 ? s + std::log1p(std::exp(-s)) : std::log1p(std::exp(s)); }
double sigmoid(double s) { return 1 / (1 + std::exp(-s)); }

// The sum that a finished shift and its lanes stand for.
void expect_exponentials(
  const std::string &what, float shift, double sum, double expected, double tolerance) {
  const double found = sum == 0 ? -infinity : double(shift) + std::log(sum);
  if (expected == infinity)
    return expect_that(what + " is not finite", !std::isfinite(found));
  // Of sums far from 1, the logarithm's absolute error counts.
  if (std::isfinite(expected))
    expect(what, found - expected + 1, 1, tolerance + 1e-7 * std::abs(expected));
  else
    expect(what, found, expected, 0);
}

void check_exponentials(const Target &t, const Case &example, bool half) {
  const double tolerance = half ? 1e-5 : 1e-6;
  std::vector<float> shift(64, lowest), sums(64 * lanes), untouched = sums;
  t.add_exponentials[half](
    example.scores.data(), example.rows, example.bias.data(), shift.data(), sums.data());
  // A second tile adds to the first.
  t.add_exponentials[half](
    example.scores.data(), example.rows, example.bias.data(), shift.data(), sums.data());
  for (int64_t r = 0; r < example.rows; r++)
    expect_exponentials(
      at("log-sum-exp", r), shift[r], lanes_of(sums, r, 1, 0),
      example.log_sum_exp(r, 1) + std::log(2.0), tolerance);
  if (example.rows == 0) expect_that("no row leaves the sums alone", sums == untouched);

  const auto shifts = normal(64), scale = normal(64);
  auto written = example.scores;
  t.write_exponentials[half](
    written.data(), example.rows, example.bias.data(), shifts.data(), scale.data());
  for (int64_t r = 0; r < example.rows; r++)
    for (int64_t c = 0; c < width; c++) {
      const double x = double(float(example.score(r, c)) - shifts[r]);
      if ((x > 88 && x < 89) || (x < -87 && x > -88)) continue;  // the ends of float's range
      const float found = written[r * width + c];
      if (x == infinity)
        expect_that(at("exponential of infinity", r, c), !std::isfinite(found));
      else if (x > 88)
        expect(at("large exponential", r, c), found, scale[r] < 0 ? -infinity : infinity, 0);
      else
        expect(
          at("exponential", r, c), found, x < -87.3 ? 0 * scale[r] : scale[r] * std::exp(x),
          tolerance);
    }
}

void check_softplus(const Target &t, const Case &example, bool half) {
  const double tolerance = half ? 1e-5 : 2e-6;
  std::vector<float> sums(64 * 2 * lanes);
  for (int64_t time = 0; time < 3; time++)
    t.add_softplus[half](
      example.scores.data(), example.rows, example.bias.data(), sums.data());
  t.close_softplus(sums.data(), example.rows);
  for (int64_t r = 0; r < example.rows; r++)
    expect(
      at("softplus", r), lanes_of(sums, r, 2, 0),
      3 * example.sum(r, [](double s) { return s < -87.3 ? 0 : softplus(s); }), tolerance);

  auto written = example.scores;
  t.write_sigmoids[half](written.data(), example.rows, example.bias.data(), 0.5f);
  for (int64_t r = 0; r < example.rows; r++)
    for (int64_t c = 0; c < width; c++) {
      const double s = example.score(r, c);
      if (s < -87 && s > -88) continue;
      expect(
        at("sigmoid", r, c), written[r * width + c], s < -87.3 ? 0 : 0.5 * sigmoid(s), tolerance);
    }
}

void check_hinges(const Target &t, const Case &example) {
  const auto hinge = [](double s) { return s + 1 <= 0 ? 0 : s + 1; };
  std::vector<float> sums(64 * lanes);
  t.add_squared_hinges(example.scores.data(), example.rows, example.bias.data(), sums.data());
  auto written = example.scores;
  t.write_hinges(written.data(), example.rows, example.bias.data(), 0.5f);
  for (int64_t r = 0; r < example.rows; r++) {
    const double expected = example.sum(r, [&](double s) { return hinge(s) * hinge(s); });
    expect(
      at("squared hinge", r), lanes_of(sums, r, 1, 0), expected > 3e38 ? infinity : expected, 1e-6);
    for (int64_t c = 0; c < width; c++)
      expect(at("hinge", r, c), written[r * width + c], 0.5 * hinge(example.score(r, c)), 1e-6);
  }
}

void check_bounds(const Target &t, const Case &example) {
  std::vector<float> sums(64 * 4 * lanes), shift(64, lowest);
  for (int64_t r = 0; r < 64; r++)
    for (int64_t k = 0; k < lanes; k++) {
      sums[(4 * r + 1) * lanes + k] = INFINITY;
      sums[(4 * r + 2) * lanes + k] = -INFINITY;
    }
  t.add_bounds(
    example.scores.data(), example.rows, example.bias.data(), 0.7f, shift.data(), sums.data());
  // A second tile, without scores, changes nothing.
  const std::vector<float> hidden(64 * width), mask(width, -INFINITY);
  t.add_bounds(hidden.data(), example.rows, mask.data(), 0.7f, shift.data(), sums.data());
  for (int64_t r = 0; r < example.rows; r++) {
    const auto is_seen = [](double s) { return s != -infinity; };
    expect(
      at("count", r), lanes_of(sums, r, 4, 0), example.sum(r, is_seen), 0);
    expect_exponentials(
      at("sharpened log-sum-exp", r), shift[r], lanes_of(sums, r, 4, 3),
      example.log_sum_exp(r, double(0.7f)), 1e-6);
    if (example.has_nan(r)) continue;
    double least = infinity, largest = -infinity, found_least = infinity, found_largest = -infinity;
    for (int64_t c = 0; c < example.count; c++) {
      const double s = example.score(r, c);
      if (is_seen(s)) least = std::min(least, s);
      largest = std::max(largest, s);
    }
    for (int64_t k = 0; k < lanes; k++) {
      found_least = std::min(found_least, double(sums[(4 * r + 1) * lanes + k]));
      found_largest = std::max(found_largest, double(sums[(4 * r + 2) * lanes + k]));
    }
    expect(at("minimum", r), found_least, least, 0);
    expect(at("maximum", r), found_largest, largest, 0);
  }
}

void check_sigmoid_sums(const Target &t, const Case &example, bool half) {
  const float sharpness = 2;
  std::vector<Threshold> thresholds(64);
  for (auto &threshold : thresholds) threshold = {normal(1)[0], normal(1)[0] * 1e-8f};
  std::vector<float> sums(64 * 5 * lanes);
  const auto scale = normal(64);
  auto written = example.scores;
  t.add_sigmoid_sums(
    example.scores.data(), example.rows, example.bias.data(), sharpness, thresholds.data(),
    sums.data());
  t.write_slopes[half](
    written.data(), example.rows, example.bias.data(), sharpness, thresholds.data(), scale.data());
  for (int64_t r = 0; r < example.rows; r++) {
    const auto z = [&](double s) {
      return sharpness * (s + double(thresholds[r].high) + double(thresholds[r].low));
    };
    const auto v = [&](double s) {
      const double beyond = sigmoid(-std::abs(z(s)));
      return beyond * (1 - beyond);
    };
    const bool is_nan = example.has_nan(r);
    const double expected[] = {
      example.sum(r, [&](double s) { return z(s) > 0; }),
      example.sum(r, [&](double s) { return z(s) > 0 ? 0 : sigmoid(z(s)); }),
      example.sum(r, [&](double s) { return z(s) > 0 ? sigmoid(-z(s)) : 0; }),
      example.sum(r, v),
      example.sum(r, [&](double s) { return v(s) * (1 - 2 * sigmoid(z(s))); })};
    for (int64_t k = 0; k < 5; k++)
      // Differences of numbers near each other in the last sum.
      expect(
        at("sigmoid sum", r) + ", number " + std::to_string(k),
        lanes_of(sums, r, 5, k) + (is_nan || k != 4 ? 0 : 10), expected[k] + (is_nan || k != 4 ? 0 : 10),
        k == 0 ? 0 : 3e-6 + (expected[k] < 1e-30 ? 1 : 0));
    for (int64_t c = 0; c < width; c++) {
      const double x = example.score(r, c);
      if (std::abs(z(x)) > 80 && std::isfinite(x)) continue;
      // The rounding of z is a relative error of the result.
      expect(
        at("slope", r, c), written[r * width + c], double(scale[r]) * (std::isinf(x) ? 0 : v(x)),
        std::isfinite(x) ? (half ? 1e-5 : 2e-6) + 1e-7 * std::abs(z(x)) : 0);
    }
  }
}

void check_peaks(const Target &t, const Case &example) {
  std::vector<float> peaks(64 * width, -5);
  const auto untouched = peaks;
  t.add_peaks(example.scores.data(), example.rows, example.bias.data(), peaks.data());
  for (int64_t r = 0; r < 64; r++)
    for (int64_t c = 0; c < width; c++) {
      const double s = example.score(r, c);
      const bool is_higher = r < example.rows && c < example.count && s > -5;
      expect(at("peak", r, c), peaks[r * width + c], is_higher ? s : -5, 0);
    }
}

void check_tails(const Target &t, const Case &example, bool half) {
  const float sharpness = 0.7f;
  const int64_t first = 3, limit = 20;
  // The rounding of z, up to 60 here, is a relative error of the result.
  const double tolerance = half ? 1e-5 : 6e-6;
  std::vector<float> sums(64 * 4 * lanes), cutoffs = normal(64, 4), scores(67 * 64);
  std::vector<int64_t> counts(67);
  std::vector<int32_t> rows(67 * 64);
  Above above = {limit, 0, counts.data(), rows.data(), scores.data()};
  t.add_tails[half](
    example.scores.data(), example.rows, example.bias.data(), sharpness, cutoffs.data(), first,
    sums.data(), above);
  int64_t next = 0;
  for (int64_t r = 0; r < example.rows; r++) {
    const auto is_above = [&](double s) { return s > cutoffs[r]; };
    for (int64_t k = 0; k < 4; k++)
      expect(
        at("tail", r) + ", number " + std::to_string(k), lanes_of(sums, r, 4, k),
        example.sum(
          r,
          [&](double s) {
            const double z = double(sharpness) * (s - double(cutoffs[r]));
            return is_above(s) || z < -87.3 ? 0 : std::exp(double(k + 1) * z);
          }),
        tolerance * double(k + 1));
    if (example.has_nan(r)) {
      next += std::min(limit, counts[first + r]);
      continue;
    }
    int64_t found = 0;
    for (int64_t c = 0; c < example.count; c++) {
      if (!is_above(example.score(r, c)) || found++ >= limit) continue;
      expect(at("row of a score above", r, c), rows[next], first + r, 0);
      expect(at("score above", r, c), scores[next++], example.score(r, c), 0);
    }
    expect(at("number of scores above", r), counts[first + r], found, 0);
  }
  expect("number of all scores above", above.count, next, 0);
}

void check_products(const Target &t) {
  for (const int64_t m : {2, 16, 32, 48, 64, 128})
    for (const int64_t n : {16, 32, 48, 64, 128, 144})
      for (const int64_t k : {1, 16, 20, 64, 128}) {
        const bool adds = (m + n + k) % 3 != 0;
        const int64_t stride = k + 3, turned_stride = m + 5, c_stride = n + 4;
        const auto a = normal(m * stride), b = normal(k * n), c = normal(m * c_stride);
        std::vector<float> panels(k * n), turned(k * turned_stride), product = c, second = c;
        t.pack(b.data(), k, n, n, panels.data());
        for (int64_t r = 0; r < m; r++)
          for (int64_t i = 0; i < k; i++) turned[i * turned_stride + r] = a[r * stride + i];
        t.multiply(m, n, k, a.data(), stride, panels.data(), product.data(), c_stride, adds);
        t.multiply_turned(
          m, n, k, turned.data(), turned_stride, panels.data(), second.data(), c_stride, adds);
        for (int64_t r = 0; r < m; r++)
          for (int64_t j = 0; j < c_stride; j++) {
            const int64_t cell = r * c_stride + j;
            double expected = adds || j >= n ? c[cell] : 0, size = 1;
            for (int64_t i = 0; i < k && j < n; i++) {
              const double term = double(a[r * stride + i]) * double(b[i * n + j]);
              expected += term, size += std::abs(term);
            }
            expect(at("product", r, j), (product[cell] - expected) / size + 1, 1, 1e-6);
            expect_that(at("turned product", r, j), second[cell] == product[cell]);
          }
      }
}

void check_layout(const Target &t) {
  const int64_t stride = 100;
  const auto source = normal(64 * stride);
  std::vector<float> panels(64 * 96), turned(64 * 96), transposed(96 * 70);
  t.pack(source.data(), 64, 96, stride, panels.data());
  t.pack_turned(source.data(), 64, 96, stride, turned.data());
  t.transpose(source.data(), 64, 96, stride, transposed.data(), 70);
  for (int64_t r = 0; r < 64; r++)
    for (int64_t c = 0; c < 96; c++) {
      const float x = source[r * stride + c];
      expect_that(at("panel", r, c), panels[(c / lanes * 64 + r) * lanes + c % lanes] == x);
      expect_that(at("turned panel", r, c), turned[(r / lanes * 96 + c) * lanes + r % lanes] == x);
      expect_that(at("transpose", r, c), transposed[c * 70 + r] == x);
    }

  for (const int64_t count : {int64_t(1), rest, width}) {
    const auto tile = normal(64 * width);
    auto sum = tile, copy = source;
    t.add_part(source.data(), 60, count, stride, sum.data());
    t.copy_part(tile.data(), 60, count, copy.data(), stride);
    std::vector<float> columns(width, 1);
    t.add_columns(tile.data(), 60, columns.data());
    for (int64_t c = 0; c < width; c++) {
      double expected = 1;
      for (int64_t r = 0; r < 60; r++) expected += tile[r * width + c];
      expect(at("column sum", 0, c), columns[c] - expected + 1, 1, 1e-5);
      for (int64_t r = 0; r < 64; r++) {
        const float x = tile[r * width + c], y = source[r * stride + c];
        const bool is_part = r < 60 && c < count;
        expect_that(at("sum of a part", r, c), sum[r * width + c] == (is_part ? x + y : x));
        expect_that(at("copy of a part", r, c), copy[r * stride + c] == (is_part ? x : y));
      }
    }
  }

  const auto row = normal(rest);
  auto sum = source;
  t.add_row(row.data(), rest, sum.data());
  std::vector<float> scaled(rest + 1, 7);
  t.scale_row(row.data(), rest, 3, scaled.data());
  for (int64_t c = 0; c < rest; c++) {
    expect_that(at("sum of rows", 0, c), sum[c] == source[c] + row[c]);
    expect_that(at("scaled row", 0, c), scaled[c] == row[c] * 3);
  }
  expect_that("nothing after a row changes", scaled[rest] == 7 && sum[rest] == source[rest]);
}

float float_of(uint32_t bits) {
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}
void check_halves(const Target &t) {
  std::vector<float> numbers;
  std::vector<uint16_t> expected;
  for (uint32_t upper = 0; upper < 0x10000; upper += 37) {
    const bool is_nan = (upper & 0x7f80) == 0x7f80 && (upper & 0x7f);
    const bool is_finite = (upper & 0x7f80) != 0x7f80;
    for (const uint32_t lower : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      if (!is_finite && !is_nan && lower) continue;
      numbers.push_back(float_of(upper << 16 | lower));
      const bool rises = is_finite && (lower > 0x8000 || (lower == 0x8000 && (upper & 1)));
      expected.push_back(uint16_t(is_nan ? upper | 0x40 : upper + rises));
    }
  }
  numbers.push_back(float_of(0x7f800001)), expected.push_back(0x7fc0);
  std::vector<uint16_t> found(numbers.size());
  t.scale_row_to_halves(numbers.data(), int64_t(numbers.size()), 1, found.data());
  std::vector<float> wide(numbers.size());
  t.widen(expected.data(), int64_t(expected.size()), wide.data());
  for (size_t i = 0; i < numbers.size(); i++) {
    expect(at("bfloat16", int64_t(i)), found[i], expected[i], 0);
    uint32_t bits;
    std::memcpy(&bits, &wide[i], sizeof bits);
    expect(at("float32 of bfloat16", int64_t(i)), bits, uint32_t(expected[i]) << 16, 0);
  }
  if (!has_halves(t)) return;
  const auto tile = normal(64 * width);
  std::vector<uint16_t> rounded(64 * width), plain = rounded, paired = rounded, again = rounded;
  t.scale_row_to_halves(tile.data(), 64 * width, 1, rounded.data());
  t.round_tile(tile.data(), 64, plain.data(), paired.data());
  t.pair_rows(rounded.data(), 64, width, again.data());
  for (int64_t r = 0; r < 64; r++)
    for (int64_t c = 0; c < width; c++) {
      const int64_t pair = (r - r % 2) * width + 2 * c + r % 2;
      expect(at("rounded tile", r, c), plain[r * width + c], rounded[r * width + c], 0);
      expect(at("paired tile", r, c), paired[pair], rounded[r * width + c], 0);
      expect(at("paired rows", r, c), again[pair], rounded[r * width + c], 0);
    }
}

void check(const Target &t) {
  for (const int64_t rows : {0, 1, 8, 64})
    for (const int64_t count : {int64_t(1), rest, width}) {
      const Case example(rows, count);
      for (const bool half : {false, true}) {
        check_exponentials(t, example, half);
        check_softplus(t, example, half);
        check_sigmoid_sums(t, example, half);
        check_tails(t, example, half);
      }
      check_hinges(t, example);
      check_bounds(t, example);
      check_peaks(t, example);
    }
  check_products(t);
  check_layout(t);
  check_halves(t);
}
}  // namespace

int main() {
  for (const Target *each : all_targets) {
    if (!is_supported(*each)) {
      std::printf("%s: skipped, this processor lacks its instructions\n", each->name);
      continue;
    }
    target_name = each->name;
    checks = failures = 0;
    check(*each);
    std::printf(
      "%s: %lld checks, %lld failed\n", each->name, (long long)checks, (long long)failures);
    if (failures) return 1;
  }
}
