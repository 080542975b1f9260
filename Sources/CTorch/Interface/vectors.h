// Vectors of CT_VECTOR_BYTES bytes by the compilers' vector extension, and the few operations for
// which that has no good code. Included once per target, inside its section of instructions.
//
// Products and sums in one expression become fused instructions where the target has them.
#pragma once
#include "targets.h"

#define CT_INLINE static inline __attribute__((always_inline))

namespace tiles {
namespace {
typedef float Floats __attribute__((vector_size(CT_VECTOR_BYTES)));
typedef int32_t Ints __attribute__((vector_size(CT_VECTOR_BYTES)));
typedef uint32_t Words __attribute__((vector_size(CT_VECTOR_BYTES)));

constexpr int64_t native = CT_VECTOR_BYTES / int64_t(sizeof(float));
// Vectors per 16 lanes, and per row of a tile.
constexpr int64_t groups = lanes / native, vectors = width / native;

CT_INLINE Floats load(const float *source) {
  Floats v;
  __builtin_memcpy(&v, source, sizeof v);
  return v;
}
CT_INLINE void store(Floats v, float *target) { __builtin_memcpy(target, &v, sizeof v); }
CT_INLINE Floats all(float x) { return x - Floats{}; }
// For NaN the second operand.
CT_INLINE Floats larger(Floats a, Floats b) {
#if CT_VECTOR_BYTES == 64
  return _mm512_max_ps(a, b);
#elif CT_VECTOR_BYTES == 32
  return _mm256_max_ps(a, b);
#else
  return a > b ? a : b;
#endif
}
CT_INLINE bool exceeds(Floats v, float limit) {
#if CT_VECTOR_BYTES == 64
  return _mm512_cmp_ps_mask(v, _mm512_set1_ps(limit), _CMP_GT_OQ) != 0;
#elif CT_VECTOR_BYTES == 32
  return _mm256_movemask_ps(_mm256_cmp_ps(v, _mm256_set1_ps(limit), _CMP_GT_OQ)) != 0;
#else
  typedef int64_t Pair __attribute__((vector_size(16)));
  const Pair above = (Pair)(v > limit);
  return (above[0] | above[1]) != 0;
#endif
}
// Bit i tells whether lane i exceeds the limit.
CT_INLINE uint32_t lanes_above(Floats v, float limit) {
#if CT_VECTOR_BYTES == 64
  return _mm512_cmp_ps_mask(v, _mm512_set1_ps(limit), _CMP_GT_OQ);
#elif CT_VECTOR_BYTES == 32
  return uint32_t(_mm256_movemask_ps(_mm256_cmp_ps(v, _mm256_set1_ps(limit), _CMP_GT_OQ)));
#else
  const Ints above = v > limit;
  uint32_t bits = 0;
  for (int64_t i = 0; i < native; i++) bits |= (above[i] & 1u) << i;
  return bits;
#endif
}
// x where the mask is set, else 0.
CT_INLINE Floats where(Ints mask, Floats x) {
#if CT_VECTOR_BYTES == 64
  return mask ? x : Floats{};
#else
  return (Floats)(mask & (Ints)x);
#endif
}
CT_INLINE Floats magnitude(Floats x) { return (Floats)((Words)x & 0x7fffffffu); }
// max(0, x), NaN for NaN.
CT_INLINE Floats ramp(Floats x) { return larger(Floats{}, x); }

// 1 / x for 1 <= x < 2^126 or NaN, to 1 unit in the last place. AVX-512 divides 16 numbers in as many
// cycles; a step of Newton's from an estimate of 14 bits takes three.
CT_INLINE Floats reciprocal(Floats x) {
#if CT_VECTOR_BYTES == 64
  const Floats estimate = _mm512_rcp14_ps(x);
  return estimate * (1.0f - x * estimate) + estimate;
#else
  return 1.0f / x;
#endif
}

// e^x to 1.5 units in the last place; 0 below -87.3, infinity above 88.8 (or 88.3, without AVX-512),
// NaN for NaN.
// x = n ln 2 + r with |r| <= ln 2 / 2, ln 2 in two parts so that r keeps its bits. The polynomial
// approximates e^r at Chebyshev points to 1 part in 10^8.
//
// `half` is for values that have eight bits before or after: a polynomial to 3 parts in 10^6.
template <bool half>
CT_INLINE Floats exponential(Floats x) {
#if CT_VECTOR_BYTES == 64
  constexpr float magic = 12582912;  // 1.5 * 2^23 rounds to whole numbers
  const Floats bounded = x;
#else
  constexpr float magic = 12582912 + 127;  // the low bits are then the exponent's of 2^n
  const Floats bounded = x > 89.0f ? all(89) : x;
#endif
  const Floats shifted = bounded * 1.44269504088896341f + magic;
  const Floats n = shifted - magic;
  Floats p;
  if constexpr (half) {
    const Floats r = bounded - n * 0.693147181f;
    p = r * 0.0414586054f + 0.167909072f;
    p = p * r + 0.500043587f;
    p = p * r + 0.999963405f;
    p = p * r + 0.999999261f;
  } else {
    Floats r = bounded - n * 0.693359375f;
    r = n * 2.12194440054690583e-4f + r;
    p = r * 0.00139262f + 0.00836317f;
    p = p * r + 0.04166655f;
    p = p * r + 0.16666577f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
  }
#if CT_VECTOR_BYTES == 64
  // "Not less than" is true for NaN as well.
  return _mm512_maskz_scalef_ps(
    _mm512_cmp_ps_mask(x, _mm512_set1_ps(-87.3f), _CMP_NLT_UQ), p, n);
#else
  const Floats power = (Floats)((Words)shifted << 23);
  return where(~(x < -87.3f), p * power);
#endif
}

// log(1 + p) for 0 <= p < 2^126, to a relative error of 2e-7. 1 + p = 2^k (1 + f) with 1 + f
// between the square roots of 1/2 and 2; if k is 0, f is p with all its digits. The polynomial
// approximates log(1 + f) / f to 3 parts in 10^8.
CT_INLINE Floats log_one_plus(Floats p) {
  const Ints exponent = (Ints)((Words)((p + 1.0f) * 1.41421356f) >> 23);
  const Floats k = __builtin_convertvector(exponent - 127, Floats);
  const Floats part = (Floats)((254 - exponent) << 23);
  const Floats f = p * part + (part - 1.0f);
  Floats q = f * 0.0872234577f - 0.143668383f;
  q = q * f + 0.149522681f;
  q = q * f - 0.165623938f;
  q = q * f + 0.199568335f;
  q = q * f - 0.25002074f;
  q = q * f + 0.333341856f;
  q = q * f - 0.49999988f;
  q = q * f + 0.999999974f;
  return k * 0.693147181f + f * q;
}
}  // namespace
}  // namespace tiles
