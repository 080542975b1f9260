// Fused kernels for blocks of scores on an accelerator, in a separate library that is optional:
// Interface/cuda/scores.cu, compiled by Scripts/setup-cuda where there is an nvcc. It does not know
// libtorch, so that CUDA's headers are enough.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Increment it with every change of this file.
#define CT_FUSED_VERSION 1

// A matrix of scores whose rows have unit stride, in the device's memory.
typedef struct ct_fused_scores {
  const void *elements;
  // libtorch's scalar type: 6 for float32, 15 for bfloat16.
  int32_t type;
  // The number of the device.
  int32_t device;
  // The number of rows and columns, and from one row to the next.
  int64_t rows, columns, stride;
} ct_fused_scores;

// All functions only start the work, in the order of the device's default stream, and return 0 or an
// error code of the device. Rows are summed in a fixed order, so that results repeat.
typedef struct ct_fused_table {
  int32_t version;
  // Adds the columns to log-sum-exps: `maximum` float32 [rows], `sum` float64 [rows], the sum of
  // exp(score - maximum).
  int32_t (*log_sum_exp)(const ct_fused_scores *scores, float *maximum, double *sum);
  // Writes scale[r] exp(score - shift[r]); `result` has the type and the shape of the scores, and may be
  // the scores themselves.
  int32_t (*exponentials)(
    const ct_fused_scores *scores, const float *shift, const float *scale, void *result,
    int64_t result_stride);
  // Adds the row sums of log(1 + e^score) to `sum`, float64 [rows].
  int32_t (*softplus)(const ct_fused_scores *scores, double *sum);
  // Writes scale sigmoid(score).
  int32_t (*sigmoids)(
    const ct_fused_scores *scores, float scale, void *result, int64_t result_stride);
} ct_fused_table;

// Opens the library at `path`. Returns NULL and writes the reason if that fails.
const ct_fused_table *ct_fused_load(const char *path, char *reason, size_t size);

// Bytes of a CUDA device's memory that are free, and all of them, once libtorch's CUDA part is loaded.
// Returns whether they are known.
int32_t ct_cuda_memory(int32_t device, int64_t *free, int64_t *total);
