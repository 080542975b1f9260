// The kernels for processors with AVX2 and FMA.
#include "targets.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define CT_VECTOR_BYTES 32
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#include "target.h"

namespace tiles {
CT_TABLE(avx2)
}
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
