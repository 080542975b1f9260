// The kernels for processors with AVX-512. Those of bfloat16 also need its instructions for that.
#include "targets.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define CT_VECTOR_BYTES 64
#define CT_HAS_HALVES
#if defined(__clang__)
#pragma clang attribute push( \
  __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma"))), \
  apply_to = function)
#else
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")
#endif
#include "target.h"

namespace tiles {
CT_TABLE(avx512)
}
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
