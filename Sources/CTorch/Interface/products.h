// Products of small matrices: some rows of the result stay in registers while the panels pass by.
#pragma once
#include "vectors.h"

namespace tiles {
namespace {
// How many rows and panels of 16 columns of the result are in registers: 16 of AVX-512's 32 (of 64
// rows, 6 would leave a rest), 12 of AVX2's 16, 24 of Arm's 32.
#if CT_VECTOR_BYTES == 64
constexpr int64_t held_rows = 4, held_panels = 4;
#elif CT_VECTOR_BYTES == 32 || defined(__aarch64__)
constexpr int64_t held_rows = 6, held_panels = 1;
#else
constexpr int64_t held_rows = 2, held_panels = 1;
#endif

struct Factors {
  const float *a, *panels;
  float *c;
  int64_t k, a_stride, panel_stride, c_stride;
  bool adds;
};
// Unrolled early, so that the compiler keeps the arrays in registers.
#define CT_UNROLLED _Pragma("GCC unroll 32") for
template <bool turned, int64_t rows, int64_t panels>
void multiply_held(const Factors &f, int64_t row, int64_t panel) {
  constexpr int64_t columns = panels * groups;
  const float *const a = f.a + row * (turned ? 1 : f.a_stride);
  const float *const b = f.panels + panel * f.panel_stride;
  float *const c = f.c + row * f.c_stride + panel * lanes;
  // They are needed at the end, and come from farther away than the factors.
  if (f.adds)
    for (int64_t r = 0; r < rows; r++)
      for (int64_t v = 0; v < columns; v += groups)
        __builtin_prefetch(c + r * f.c_stride + v * native, 1);
  Floats held[rows][columns];
  CT_UNROLLED (int64_t r = 0; r < rows; r++)
    CT_UNROLLED (int64_t v = 0; v < columns; v++) held[r][v] = Floats{};
  for (int64_t i = 0; i < f.k; i++) {
    Floats of[columns];
    CT_UNROLLED (int64_t v = 0; v < columns; v++)
      of[v] = load(b + v / groups * f.panel_stride + i * lanes + v % groups * native);
    CT_UNROLLED (int64_t r = 0; r < rows; r++) {
      const float factor = turned ? a[i * f.a_stride + r] : a[r * f.a_stride + i];
      CT_UNROLLED (int64_t v = 0; v < columns; v++) held[r][v] += factor * of[v];
    }
  }
  CT_UNROLLED (int64_t r = 0; r < rows; r++)
    CT_UNROLLED (int64_t v = 0; v < columns; v++) {
      float *const target = c + r * f.c_stride + v * native;
      store(f.adds ? load(target) + held[r][v] : held[r][v], target);
    }
}
#undef CT_UNROLLED
template <bool turned, int64_t panels>
CT_INLINE void multiply_panels(const Factors &f, int64_t m, int64_t panel) {
  int64_t row = 0;
  for (; row + held_rows <= m; row += held_rows)
    multiply_held<turned, held_rows, panels>(f, row, panel);
  for (; held_rows > 4 && row + 4 <= m; row += 4) multiply_held<turned, 4, panels>(f, row, panel);
  for (; row < m; row += 2) multiply_held<turned, 2, panels>(f, row, panel);
}
template <bool turned>
void multiply_any(
  int64_t m, int64_t n, int64_t k, const float *a, int64_t stride, const float *panels, float *c,
  int64_t c_stride, bool adds) {
  const Factors f = {a, panels, c, k, stride, k * lanes, c_stride, adds};
  int64_t panel = 0;
  for (; panel + held_panels <= n / lanes; panel += held_panels)
    multiply_panels<turned, held_panels>(f, m, panel);
  for (; panel < n / lanes; panel++) multiply_panels<turned, 1>(f, m, panel);
}
}  // namespace
}  // namespace tiles
