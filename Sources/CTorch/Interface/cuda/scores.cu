// Fused kernels for blocks of scores on CUDA: one read of the block for its sums, and one read and one
// write for its gradients. See ../../include/ctorch_fused.h.
#include "../../include/ctorch_fused.h"
#include "rows.h"

#include <cuda_runtime.h>

using namespace ct;

namespace {
constexpr int lanes = 32, warps = threads / lanes;
constexpr unsigned everyone = 0xFFFFFFFFu;

// Sixteen bytes at a time where rows are aligned for it.
template <class Score>
struct alignas(sizeof(Score) * group > 16 ? 16 : sizeof(Score) * group) Group {
  Score scores[group];
};

// A count that the compiler knows, so that whole groups stay in registers.
struct Whole {
  __device__ constexpr operator int() const { return group; }
};

// Calls `body(first column, scores, count)` for this thread's groups of a row.
template <class Score, class Body>
__device__ void for_each_group(
  const Score *row, int64_t columns, bool is_aligned, int64_t first, int64_t step,
  const Body &body) {
  for (int64_t start = first * group; start < columns; start += step * group) {
    Group<Score> values;
    if (columns - start >= group) {
      if (is_aligned) {
        values = *reinterpret_cast<const Group<Score> *>(row + start);
      } else {
        for (int i = 0; i < group; i++) values.scores[i] = row[start + i];
      }
      body(start, values, Whole());
    } else {
      const int count = int(columns - start);
      for (int i = 0; i < count; i++) values.scores[i] = row[start + i];
      body(start, values, count);
    }
  }
}

// The join of all threads' values in thread 0, in a fixed order.
template <class Value, class Join>
__device__ Value across_block(Value own, const Join &join) {
  __shared__ Value of_warps[warps];
  for (int distance = lanes / 2; distance > 0; distance /= 2) {
    Value other;
    if constexpr (sizeof(Value) == sizeof(double)) {
      other = __shfl_down_sync(everyone, own, distance);
    } else {
      other.maximum = __shfl_down_sync(everyone, own.maximum, distance);
      other.sum = __shfl_down_sync(everyone, own.sum, distance);
    }
    own = join(own, other);
  }
  if (threadIdx.x % lanes == 0) of_warps[threadIdx.x / lanes] = own;
  __syncthreads();
  if (threadIdx.x == 0)
    for (int warp = 1; warp < warps; warp++) own = join(own, of_warps[warp]);
  return own;
}

template <class Score>
__global__ void __launch_bounds__(threads) log_sum_exp(
  const Score *scores, int64_t columns, int64_t stride, bool is_aligned, float *maximum,
  double *sum) {
  LogSum<float> own = nothing<float>();
  for_each_group(
    scores + int64_t(blockIdx.x) * stride, columns, is_aligned, threadIdx.x, threads,
    [&](int64_t, const Group<Score> &values, auto count) { add(own, values.scores, count); });
  const auto whole = across_block(
    LogSum<double>{own.maximum, own.sum},
    [](LogSum<double> a, LogSum<double> b) { return joined(a, b); });
  if (threadIdx.x > 0) return;
  const auto row = joined(LogSum<double>{maximum[blockIdx.x], sum[blockIdx.x]}, whole);
  maximum[blockIdx.x] = row.maximum;
  sum[blockIdx.x] = row.sum;
}

template <class Score>
__global__ void __launch_bounds__(threads) softplus_sums(
  const Score *scores, int64_t columns, int64_t stride, bool is_aligned, double *sum) {
  double own = 0;
  for_each_group(
    scores + int64_t(blockIdx.x) * stride, columns, is_aligned, threadIdx.x, threads,
    [&](int64_t, const Group<Score> &values, auto count) {
      for (int i = 0; i < count; i++) own += ct::softplus(value(values.scores[i]));
    });
  own = across_block(own, [](double a, double b) { return a + b; });
  if (threadIdx.x == 0) sum[blockIdx.x] += own;
}

// Writes f(score, row) for every score; f(score) in its own type would round twice.
template <class Score, class Function>
__global__ void __launch_bounds__(threads) map(
  const Score *scores, int64_t columns, int64_t stride, bool is_aligned, Score *result,
  int64_t result_stride, Function function) {
  const auto of_row = function.row(blockIdx.x);
  Score *target = result + int64_t(blockIdx.x) * result_stride;
  for_each_group(
    scores + int64_t(blockIdx.x) * stride, columns, is_aligned,
    int64_t(blockIdx.y) * threads + threadIdx.x, int64_t(gridDim.y) * threads,
    [&](int64_t start, Group<Score> values, auto count) {
      for (int i = 0; i < count; i++) set(values.scores[i], of_row(value(values.scores[i])));
      if (is_aligned && count == group) {
        *reinterpret_cast<Group<Score> *>(target + start) = values;
      } else {
        for (int i = 0; i < count; i++) target[start + i] = values.scores[i];
      }
    });
}

struct Exponentials {
  const float *shift, *scale;
  struct Row {
    float shift, scale;
    __device__ float operator()(float score) const { return exponential(score, shift, scale); }
  };
  __device__ Row row(unsigned index) const { return {shift[index], scale[index]}; }
};
struct Sigmoids {
  float scale;
  __device__ float operator()(float score) const { return scale * ct::sigmoid(score); }
  __device__ Sigmoids row(unsigned) const { return *this; }
};

// The device of the scores is the current one as long as this lives.
struct OnDevice {
  int before = 0;
  cudaError_t error;
  explicit OnDevice(int device) {
    error = cudaGetDevice(&before);
    if (error == cudaSuccess) error = cudaSetDevice(device);
  }
  ~OnDevice() { cudaSetDevice(before); }
};

bool is_aligned(const void *elements, int64_t stride, size_t size) {
  return reinterpret_cast<uintptr_t>(elements) % 16 == 0 && stride * int64_t(size) % 16 == 0;
}

// Calls `launch(elements of the right type, whether rows are aligned)`.
template <class Launch>
int32_t for_type(const ct_fused_scores &scores, const Launch &launch) {
  if (scores.rows == 0 || scores.columns == 0) return cudaSuccess;
  const OnDevice guard(scores.device);
  if (guard.error != cudaSuccess) return guard.error;
  if (scores.type == 6) {
    launch(
      static_cast<const float *>(scores.elements),
      is_aligned(scores.elements, scores.stride, sizeof(float)));
  } else if (scores.type == 15) {
    launch(
      static_cast<const Brain *>(scores.elements),
      is_aligned(scores.elements, scores.stride, sizeof(Brain)));
  } else {
    return cudaErrorInvalidValue;
  }
  return cudaGetLastError();
}

template <class Function>
int32_t map(
  const ct_fused_scores *scores, void *result, int64_t result_stride, Function function) {
  return for_type(*scores, [&](auto *elements, bool aligned) {
    using Score = std::remove_const_t<std::remove_pointer_t<decltype(elements)>>;
    // Enough thread blocks for a few rows, too.
    const int64_t groups = (scores->columns + group - 1) / group;
    const int64_t pieces = (groups + 4 * threads - 1) / (4 * threads);
    const dim3 grid(unsigned(scores->rows), unsigned(pieces < 64 ? pieces : 64));
    map<<<grid, threads>>>(
      elements, scores->columns, scores->stride,
      aligned && is_aligned(result, result_stride, sizeof(Score)), static_cast<Score *>(result),
      result_stride, function);
  });
}

int32_t log_sum_exp(const ct_fused_scores *scores, float *maximum, double *sum) {
  return for_type(*scores, [&](auto *elements, bool aligned) {
    log_sum_exp<<<unsigned(scores->rows), threads>>>(
      elements, scores->columns, scores->stride, aligned, maximum, sum);
  });
}
int32_t exponentials(
  const ct_fused_scores *scores, const float *shift, const float *scale, void *result,
  int64_t result_stride) {
  return map(scores, result, result_stride, Exponentials{shift, scale});
}
int32_t softplus(const ct_fused_scores *scores, double *sum) {
  return for_type(*scores, [&](auto *elements, bool aligned) {
    softplus_sums<<<unsigned(scores->rows), threads>>>(
      elements, scores->columns, scores->stride, aligned, sum);
  });
}
int32_t sigmoids(
  const ct_fused_scores *scores, float scale, void *result, int64_t result_stride) {
  return map(scores, result, result_stride, Sigmoids{scale});
}
}  // namespace

extern "C" __attribute__((visibility("default"))) const ct_fused_table *ct_fused(void) {
  static const ct_fused_table table = {
    CT_FUSED_VERSION, log_sum_exp, exponentials, softplus, sigmoids};
  return &table;
}
