// Inner products of float32 queries with rows of a table, and of rows with each other, for three
// number types. The instruction set is chosen once, at run time.
#pragma once
#include "../include/csearch_types.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace products {
using half = _Float16;
#define CS_INLINE static inline __attribute__((always_inline))

// Sums in a few lanes, which compilers can vectorise without being allowed to reorder.
template <class Left, class Right, class Sum>
CS_INLINE Sum plain(const Left *left, const Right *right, int32_t count) {
  constexpr int32_t lanes = 16;
  Sum sums[lanes] = {};
  int32_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (int32_t j = 0; j < lanes; j++) sums[j] += Sum(left[i + j]) * Sum(right[i + j]);
  for (int32_t j = 0; i < count; i++, j++) sums[j] += Sum(left[i]) * Sum(right[i]);
  Sum sum = 0;
  for (int32_t j = 0; j < lanes; j++) sum += sums[j];
  return sum;
}

using Product = float (*)(const void *left, const void *right, int32_t count);
// The product of a query with a row, and that of two rows.
struct Pair {
  Product query, rows;
};

#define CS_PLAIN(name, target, Left, Right, Sum) \
  target static float name(const void *left, const void *right, int32_t count) { \
    return float(plain<Left, Right, Sum>( \
      static_cast<const Left *>(left), static_cast<const Right *>(right), count)); \
  }
CS_PLAIN(plain_32, , float, float, float)
CS_PLAIN(plain_query_16, , float, half, float)
CS_PLAIN(plain_rows_16, , half, half, float)
CS_PLAIN(plain_query_8, , float, int8_t, float)
CS_PLAIN(plain_rows_8, , int8_t, int8_t, int32_t)

#if defined(__x86_64__)
#define CS_AVX2 __attribute__((target("avx2,fma,f16c")))
CS_PLAIN(avx2_32, CS_AVX2, float, float, float)
CS_PLAIN(avx2_query_16, CS_AVX2, float, half, float)
CS_PLAIN(avx2_rows_16, CS_AVX2, half, half, float)
CS_PLAIN(avx2_query_8, CS_AVX2, float, int8_t, float)
CS_PLAIN(avx2_rows_8, CS_AVX2, int8_t, int8_t, int32_t)

#define CS_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
CS_AVX512 CS_INLINE __m512 numbers(const float *from, __mmask16 mask) {
  return _mm512_maskz_loadu_ps(mask, from);
}
CS_AVX512 CS_INLINE __m512 numbers(const half *from, __mmask16 mask) {
  return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, from));
}
CS_AVX512 CS_INLINE __m512 numbers(const int8_t *from, __mmask16 mask) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(mask, from)));
}
template <class Left, class Right>
CS_AVX512 CS_INLINE float wide(const Left *left, const Right *right, int32_t count) {
  const __mmask16 all = 0xffff;
  __m512 even = _mm512_setzero_ps(), odd = _mm512_setzero_ps();
  int32_t i = 0;
  for (; i + 32 <= count; i += 32) {
    even = _mm512_fmadd_ps(numbers(left + i, all), numbers(right + i, all), even);
    odd = _mm512_fmadd_ps(numbers(left + i + 16, all), numbers(right + i + 16, all), odd);
  }
  for (; i < count; i += 16) {
    const __mmask16 mask = count - i >= 16 ? all : __mmask16((1 << (count - i)) - 1);
    even = _mm512_fmadd_ps(numbers(left + i, mask), numbers(right + i, mask), even);
  }
  return _mm512_reduce_add_ps(_mm512_add_ps(even, odd));
}
CS_AVX512 CS_INLINE float wide(const int8_t *left, const int8_t *right, int32_t count) {
  __m512i sum = _mm512_setzero_si512();
  for (int32_t i = 0; i < count; i += 32) {
    const __mmask32 mask = count - i >= 32 ? ~__mmask32(0) : (__mmask32(1) << (count - i)) - 1;
    sum = _mm512_add_epi32(
      sum,
      _mm512_madd_epi16(
        _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, left + i)),
        _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(mask, right + i))));
  }
  return float(_mm512_reduce_add_epi32(sum));
}
#define CS_WIDE(name, Left, Right) \
  CS_AVX512 static float name(const void *left, const void *right, int32_t count) { \
    return wide(static_cast<const Left *>(left), static_cast<const Right *>(right), count); \
  }
CS_WIDE(wide_32, float, float)
CS_WIDE(wide_query_16, float, half)
CS_WIDE(wide_rows_16, half, half)
CS_WIDE(wide_query_8, float, int8_t)
CS_WIDE(wide_rows_8, int8_t, int8_t)
#endif

static Pair best(int32_t scalar) {
#if defined(__x86_64__)
  if (
    __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return scalar == CS_FLOAT32 ? Pair{wide_32, wide_32}
      : scalar == CS_FLOAT16    ? Pair{wide_query_16, wide_rows_16}
                                : Pair{wide_query_8, wide_rows_8};
  // Every processor with AVX2 and FMA can also convert half precision.
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return scalar == CS_FLOAT32 ? Pair{avx2_32, avx2_32}
      : scalar == CS_FLOAT16    ? Pair{avx2_query_16, avx2_rows_16}
                                : Pair{avx2_query_8, avx2_rows_8};
#endif
  return scalar == CS_FLOAT32 ? Pair{plain_32, plain_32}
    : scalar == CS_FLOAT16    ? Pair{plain_query_16, plain_rows_16}
                              : Pair{plain_query_8, plain_rows_8};
}
#undef CS_INLINE
}  // namespace products
