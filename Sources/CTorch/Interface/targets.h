// The work on score tiles as a table of functions, one table for each instruction set (target).
//
// avx512.cpp, avx2.cpp and baseline.cpp compile the same source (target.h) for vectors of 64, 32 and
// 16 bytes. They need no libtorch, so that Scripts/test-kernels can compile them alone.
#pragma once
#include <cstdint>

namespace tiles {
// A tile is row-major, 64 floats per row. Sums are kept in 16 lanes per row, so that nothing is
// added across a register until a block ends. The second factor of a product is packed in panels of
// 16 columns, [columns / 16][rows][16].
constexpr int64_t width = 64, lanes = 16;
constexpr float lowest = -3.4e38f;

// A row's threshold in two parts: one float has too few digits.
struct Threshold {
  float high, low;
};

// Scores above a cutoff of their row, in the order in which they were found.
struct Above {
  // At most so many of a row are kept, `count` of all rows.
  int64_t limit, count;
  // How many were found of each row, kept or not.
  int64_t *counts;
  int32_t *rows;
  float *scores;
};

// `bias` is first added to every row of `scores`: 0 if a loss has none, minus infinity after the
// last label, which masks those columns. Where there are two functions, the second is for values
// that have eight bits before or after (bfloat16).
struct Target {
  const char *name;

  // c[m, n] (+)= a[m, k] b[k, n], or aᵀ with a[k, m]; `stride` is that of a. m is even, n is a
  // multiple of 16.
  void (*multiply)(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t stride, const float *panels, float *c,
    int64_t c_stride, bool adds);
  void (*multiply_turned)(
    int64_t m, int64_t n, int64_t k, const float *a, int64_t stride, const float *panels, float *c,
    int64_t c_stride, bool adds);
  // Packs `columns` columns, a multiple of 16, in panels.
  void (*pack)(
    const float *source, int64_t rows, int64_t columns, int64_t stride, float *panels);
  // Packs the transpose in panels; `rows` and `columns` are multiples of 16.
  void (*pack_turned)(
    const float *source, int64_t rows, int64_t columns, int64_t stride, float *panels);
  // Transposes words of 32 bits; `rows` and `columns` are multiples of 4.
  void (*transpose)(
    const void *source, int64_t rows, int64_t columns, int64_t stride, void *target,
    int64_t target_stride);

  // sum of exp(s - shift); `shift` holds an earlier maximum per row, and is raised if needed.
  void (*add_exponentials[2])(
    const float *scores, int64_t rows, const float *bias, float *shift, float *sums);
  // scale exp(s - shift).
  void (*write_exponentials[2])(
    float *scores, int64_t rows, const float *bias, const float *shift, const float *scale);
  // sum of log(1 + e^s), in two numbers a lane; close_softplus moves everything into the first.
  void (*add_softplus[2])(const float *scores, int64_t rows, const float *bias, float *sums);
  void (*close_softplus)(float *sums, int64_t rows);
  // scale sigmoid(s).
  void (*write_sigmoids[2])(float *scores, int64_t rows, const float *bias, float scale);
  // sum of max(0, s + 1)².
  void (*add_squared_hinges)(const float *scores, int64_t rows, const float *bias, float *sums);
  // scale max(0, s + 1).
  void (*write_hinges)(float *scores, int64_t rows, const float *bias, float scale);
  // The number of scores above minus infinity, their minimum and maximum (lanes 0, 1, 2), and the
  // sum of exp(sharpness s - shift) (lanes 3).
  void (*add_bounds)(
    const float *scores, int64_t rows, const float *bias, float sharpness, float *shift,
    float *sums);
  // With z = sharpness (s + threshold) and v = sigmoid(z) (1 - sigmoid(z)): the number of z above 0,
  // the sum of sigmoid(z) over the others, of sigmoid(-z) over those above, of v, and of
  // v (1 - 2 sigmoid(z)) (lanes 0 to 4).
  void (*add_sigmoid_sums)(
    const float *scores, int64_t rows, const float *bias, float sharpness,
    const Threshold *thresholds, float *sums);
  // The maximum of each column, so that the 64 numbers of a row are maxima of different scores.
  void (*add_peaks)(const float *scores, int64_t rows, const float *bias, float *peaks);
  // With y = exp(sharpness (s - cutoff)), the sums of y, y², y³ and y⁴ over the scores that are not
  // above the cutoff (lanes 0 to 3). The others are appended to `above`; the first row of the tile
  // has the number `first` there.
  void (*add_tails[2])(
    const float *scores, int64_t rows, const float *bias, float sharpness, const float *cutoffs,
    int64_t first, float *sums, Above &above);
  // scale v.
  void (*write_slopes[2])(
    float *scores, int64_t rows, const float *bias, float sharpness, const Threshold *thresholds,
    const float *scale);

  // Adds the column sums of a tile to `sums`.
  void (*add_columns)(const float *tile, int64_t rows, float *sums);
  // The first `count` columns of a tile: `source`, whose rows are `stride` apart, is added to them,
  // or they are copied to `target`.
  void (*add_part)(
    const float *source, int64_t rows, int64_t count, int64_t stride, float *tile);
  void (*copy_part)(
    const float *tile, int64_t rows, int64_t count, float *target, int64_t stride);
  // scale x, in float32 or rounded to bfloat16.
  void (*scale_row)(const float *source, int64_t count, float scale, float *target);
  void (*scale_row_to_halves)(const float *source, int64_t count, float scale, uint16_t *target);
  void (*add_row)(const float *source, int64_t count, float *target);
  // bfloat16 as float32.
  void (*widen)(const uint16_t *source, int64_t count, float *target);

  // For oneDNN's products of bfloat16; null where the target has none.
  //
  // A tile in bfloat16, twice: as it is, and with the rows 2 i and 2 i + 1 interleaved, the layout
  // of the second factor of a product.
  void (*round_tile)(const float *tile, int64_t rows, uint16_t *plain, uint16_t *paired);
  // Interleaves pairs of bfloat16 rows; `columns` is a multiple of 16.
  void (*pair_rows)(const uint16_t *source, int64_t rows, int64_t columns, uint16_t *target);
};

// The targets of this architecture, the fastest first; the last runs on every processor.
#if defined(__x86_64__)
extern const Target avx512, avx2, generic;
constexpr const Target *all_targets[] = {&avx512, &avx2, &generic};
#elif defined(__aarch64__)
extern const Target neon;
constexpr const Target *all_targets[] = {&neon};
#else
extern const Target generic;
constexpr const Target *all_targets[] = {&generic};
#endif

// Whether this processor has the target's instructions.
bool is_supported(const Target &target);
// Whether it also has the target's instructions for bfloat16.
bool has_halves(const Target &target);
// The fastest supported target, or the one that the environment variable DECANT_CPU names. If there
// is none of that name, or the processor lacks its instructions: null.
const Target *chosen_target();
// Why there is none.
const char *target_error();
}  // namespace tiles
