// The thresholds of the soft top-k: solves sum of sigmoid(z) = K, z = sharpness (s + t), for t, from
// the scores and sums that one sweep keeps.
//
// With a cutoff c of the row, z = w + x, where w = sharpness (c + t) is the unknown and
// x = sharpness (s - c). The scores above c are known. The others have y = e^x in (0, 1], and their
// sigmoids are y F(y) with F(y) = e^w / (1 + e^w y), which is nearly a cubic polynomial where e^w
// is small: the cubic through F at the four Chebyshev nodes differs by less than e^(5 w) / 128. So
// the sums of y, y², y³ and y⁴ make the scores below c equal to four scores at the nodes that count
// a number of times, a Gauss-like quadrature. The same holds for the derivative of the sigmoids.
#include "interface.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CT_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CT_CLONES
#endif

namespace {
constexpr int64_t node_count = 4;
constexpr double nodes[node_count] = {
  0.96193976625564337, 0.69134171618254492, 0.30865828381745508, 0.038060233744356631};
// The largest x whose e^x can be multiplied, and the least rest that float32 gradients tell from 0.
constexpr double largest_distance = 600, least_rest = 1e-25;
// The error of z that may come from the quadrature: float32's.
constexpr double tolerance = 1e-6;
constexpr int64_t most_steps = 100;

// How often each node counts: the cubics that are 1 at one node and 0 at the others, summed with y
// over all y, and divided by the node.
std::array<double, node_count> weights_of(const double *powers) {
  std::array<double, node_count> weights;
  for (int64_t j = 0; j < node_count; j++) {
    double cubic[node_count] = {1, 0, 0, 0};
    int64_t degree = 0;
    double scale = nodes[j];
    for (int64_t m = 0; m < node_count; m++) {
      if (m == j) continue;
      scale *= nodes[j] - nodes[m];
      degree++;
      for (int64_t k = degree; k > 0; k--) cubic[k] = cubic[k - 1] - nodes[m] * cubic[k];
      cubic[0] *= -nodes[m];
    }
    double sum = 0;
    for (int64_t k = 0; k < node_count; k++) sum += cubic[k] * powers[k];
    weights[j] = sum / scale;
  }
  return weights;
}

// The number of z above 0, the sums of sigmoid(z) below and of sigmoid(-z) above, and of their
// derivative.
struct Sums {
  double above = 0, below = 0, rest = 0, slope = 0;
};
CT_CLONES void add_sigmoids(const double *powers, int64_t count, double factor, Sums *sums) {
  double above = 0, below = 0, rest = 0, slope = 0;
#pragma GCC ivdep
  for (int64_t i = 0; i < count; i++) {
    const double odds = powers[i] * factor, missing = 1 / (1 + odds), given = odds * missing;
    const bool passes = odds > 1;
    above += passes ? 1 : 0;
    below += passes ? 0 : given;
    rest += passes ? missing : 0;
    slope += given * missing;
  }
  *sums = {above, below, rest, slope};
}

struct Row {
  // e^x of the scores above the cutoff; the nodes' weights; the sum of y.
  const std::vector<double> &powers;
  const std::array<double, node_count> &weights;
  double first_sum;

  Sums at(double w) const {
    Sums sums;
    const double factor = std::exp(w);
    add_sigmoids(powers.data(), int64_t(powers.size()), factor, &sums);
    for (int64_t j = 0; j < node_count; j++) {
      const double odds = nodes[j] * factor, missing = 1 / (1 + odds);
      sums.below += weights[j] * odds * missing;
      sums.slope += weights[j] * odds * missing * missing;
    }
    return sums;
  }
};

struct Solution {
  double w = std::numeric_limits<double>::quiet_NaN(), log_slope = 0;
  bool is_exact = false;
};
Solution solved(const Row &row, double places) {
  auto excess_of = [&](const Sums &s) { return (s.above - places) + (s.below - s.rest); };
  double total = row.first_sum;
  for (const double power : row.powers) total += power;
  // A sigmoid is below its e^z.
  double low = std::log(places / total) - 1e-9, high = 0, w = low;
  // Not a finite number, or a threshold above the cutoff.
  if (!std::isfinite(low) || !(low < 0) || !(excess_of(row.at(0)) > 0)) return {};
  for (int64_t step = 0; step < most_steps; step++) {
    const Sums sums = row.at(w);
    const double excess = excess_of(sums), sum = places + excess;
    // Newton's step: for the logarithm of the sum, nearly linear far below the threshold; where as
    // many scores as wanted are above, for the small difference of both sides.
    const double move =
      sums.above == places ? -excess / sums.slope : -std::log(sum / places) * sum / sums.slope;
    (excess > 0 ? high : low) = w;
    double next = w + move;
    if (!(next >= low && next <= high)) next = (low + high) / 2;
    const bool is_done = excess == 0 || std::abs(next - w) <= 1e-10 * (1 + std::abs(w));
    w = excess == 0 ? w : next;
    if (!is_done) continue;
    const double error = std::exp(5 * w) / 128 * row.first_sum;
    const bool is_lost = sums.above == places && sums.below + sums.rest < least_rest;
    return {w, std::log(sums.slope), error <= tolerance * sums.slope && !is_lost};
  }
  return {};
}

const double *doubles(ct_tensor t, int64_t count, const char *name) {
  const at::Tensor tensor = ct::shared(t);
  TORCH_CHECK(
    tensor.scalar_type() == at::kDouble && tensor.is_contiguous() && tensor.device().is_cpu()
      && tensor.numel() == count,
    name, " must be a contiguous float64 tensor of ", count, " elements on the CPU");
  return static_cast<const double *>(tensor.data_ptr());
}
}  // namespace

namespace ct {
int32_t tail_thresholds(
  ct_tensor tails_, ct_tensor above_, ct_tensor cutoffs_, ct_tensor places_, double sharpness,
  ct_tensor results_) {
  CT_TRY
  const at::Tensor above = shared(above_);
  TORCH_CHECK(
    above.dim() == 2 && above.scalar_type() == at::kFloat && above.is_contiguous()
      && above.device().is_cpu(),
    "above must be a contiguous float32 matrix on the CPU");
  const int64_t n = above.size(0), limit = above.size(1);
  const float *scores = static_cast<const float *>(above.data_ptr());
  const double *tails = doubles(tails_, 5 * n, "tails"), *cutoffs = doubles(cutoffs_, n, "cutoffs"),
               *places = doubles(places_, n, "places");
  double *results = const_cast<double *>(doubles(results_, 3 * n, "results"));
  at::parallel_for(0, n, 16, [&](int64_t begin, int64_t end) {
    std::vector<double> powers;
    for (int64_t r = begin; r < end; r++) {
      const double sums[] = {tails[r], tails[n + r], tails[2 * n + r], tails[3 * n + r]};
      const int64_t count = int64_t(tails[4 * n + r]);
      Solution solution;
      bool is_known = count <= limit && places[r] > 0;
      powers.clear();
      for (int64_t i = 0; is_known && i < count; i++) {
        const double x = sharpness * (double(scores[r * limit + i]) - cutoffs[r]);
        is_known = x <= largest_distance;
        powers.push_back(std::exp(x));
      }
      if (is_known) solution = solved({powers, weights_of(sums), sums[0]}, places[r]);
      results[r] = solution.w / sharpness - cutoffs[r];
      results[n + r] = solution.is_exact ? solution.log_slope : 0;
      results[2 * n + r] = solution.is_exact;
    }
  });
  count_write(results_);
  CT_END
}
}  // namespace ct
