// The arithmetic of the fused kernels, for the device and for the host, where tests run it.
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __CUDACC__
#define CT_BOTH __host__ __device__ __forceinline__
#else
#define CT_BOTH inline
#endif

namespace ct {
// The bits of a bfloat16.
struct Brain {
  uint16_t bits;
};

CT_BOTH float value(float x) { return x; }
CT_BOTH float value(Brain x) {
  const uint32_t bits = uint32_t(x.bits) << 16;
  float result;
  memcpy(&result, &bits, sizeof result);
  return result;
}
CT_BOTH void set(float &target, float x) { target = x; }
// Rounds to nearest, ties to even.
CT_BOTH void set(Brain &target, float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  target.bits = x != x ? uint16_t(0x7FC0) : uint16_t((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// log sum exp as a number near the largest score and the sum of exp(score - maximum).
template <class Real>
struct LogSum {
  float maximum;
  Real sum;
};

// Infinite maxima count as 0, so that differences to them are not NaN.
CT_BOTH float finite(float x) { return isfinite(x) ? x : 0.0f; }

template <class Real>
CT_BOTH LogSum<Real> nothing() {
  return {-INFINITY, Real(0)};
}

template <class Real>
CT_BOTH LogSum<Real> joined(LogSum<Real> a, LogSum<Real> b) {
  const float peak = fmaxf(a.maximum, b.maximum), shift = finite(peak);
  // A sum of 0 has a maximum of minus infinity.
  const Real first = a.sum == Real(0) ? Real(0) : a.sum * Real(expf(a.maximum - shift));
  const Real second = b.sum == Real(0) ? Real(0) : b.sum * Real(expf(b.maximum - shift));
  return {peak, first + second};
}

// Adds `count` scores: one change of the maximum for all of them.
template <class Score>
CT_BOTH void add(LogSum<float> &to, const Score *scores, int count) {
  float peak = to.maximum;
  for (int i = 0; i < count; i++) peak = fmaxf(peak, value(scores[i]));
  const float shift = finite(peak);
  float sum = to.sum == 0.0f ? 0.0f : to.sum * expf(to.maximum - shift);
  for (int i = 0; i < count; i++) sum += expf(value(scores[i]) - shift);
  to = {peak, sum};
}

CT_BOTH float exponential(float score, float shift, float scale) {
  return scale * expf(score - shift);
}
CT_BOTH float softplus(float score) { return fmaxf(score, 0.0f) + log1pf(expf(-fabsf(score))); }
CT_BOTH float sigmoid(float score) { return 1.0f / (1.0f + expf(-score)); }

// How a row is shared: a thread takes every `threads`-th group of `group` columns.
constexpr int threads = 256;
constexpr int group = 8;
}  // namespace ct
