// A tile's products in bfloat16, by oneDNN's small products (`brgemm`), for processors with
// instructions for bfloat16. Their shapes depend only on the width of the embeddings, because oneDNN
// generates code for every new shape.
#pragma once
#include "float_products.h"

#include <ATen/native/CPUBlas.h>

#if defined(__x86_64__) && defined(CPUBLAS_BRGEMM_BF16BF16F32)
#define CT_HAS_HALF_PRODUCTS
namespace {
class HalfProducts {
  const tiles::Target &target;
  const TileSizes sizes;
  c10::BFloat16 *copied, *second, *paired, *plain, *interleaved;
  float *gradient, *turned;

  static void multiply(
    int64_t m, int64_t n, int64_t k, const c10::BFloat16 *a, const c10::BFloat16 *b, float *c,
    bool adds) {
    at::native::cpublas::brgemm(m, n, k, k, n, n, adds, a, b, c, true);
  }
  static uint16_t *words(c10::BFloat16 *numbers) { return reinterpret_cast<uint16_t *>(numbers); }

 public:
  using Number = c10::BFloat16;
  static constexpr at::ScalarType type = at::kBFloat16;
  static constexpr int64_t unit = 32;
  // Rows of a chunk: a product of 64 x 64 takes AMX less time than the call.
  static constexpr int64_t most_rows = 256;

  // Whether oneDNN supports these products here; it reports this by failing.
  static bool are_supported() {
    try {
      const c10::BFloat16 zeros[16 * 16] = {};
      float result[16 * 16];
      multiply(16, 16, 16, zeros, zeros, result, false);
      release();
      return true;
    } catch (const std::exception &) {
      return false;
    }
  }
  static int64_t size(TileSizes sizes) {
    return 3 * Arena::size<Number>(tiles::width * sizes.padded)
      + 2 * Arena::size<Number>(tiles::width * sizes.chunk)
      + 2 * Arena::size<float>(tiles::width * sizes.padded);
  }
  HalfProducts(const tiles::Target &target, TileSizes sizes, Arena &arena)
      : target(target), sizes(sizes) {
    for (Number **each : {&copied, &second, &paired})
      *each = arena.take<Number>(tiles::width * sizes.padded);
    for (Number **each : {&plain, &interleaved})
      *each = arena.take<Number>(tiles::width * sizes.chunk);
    for (float **each : {&gradient, &turned})
      *each = arena.take<float>(tiles::width * sizes.padded);
  }
  // The queries [chunk count, chunk, padded] as the first factor of the labels' gradient.
  static at::Tensor packed(const at::Tensor &queries) {
    return queries.transpose(1, 2).contiguous();
  }

  void open(const Number *labels, int64_t count, int64_t depth, bool for_queries) {
    const Number *rows = labels;
    if (count < tiles::width || depth < sizes.padded) {
      memset(static_cast<void *>(copied), 0, sizeof(Number) * size_t(tiles::width * sizes.padded));
      for (int64_t r = 0; r < count; r++)
        memcpy(
          static_cast<void *>(copied + r * sizes.padded), labels + r * depth,
          sizeof(Number) * size_t(depth));
      rows = copied;
    }
    // Pairs are transposed as one word: oneDNN requires that order.
    const int64_t pairs = sizes.padded / 2;
    target.transpose(rows, tiles::width, pairs, pairs, second, tiles::width);
    if (for_queries)
      target.pair_rows(
        reinterpret_cast<const uint16_t *>(rows), tiles::width, sizes.padded, words(paired));
  }
  void score(const Number *query, float *scores) {
    multiply(sizes.chunk, tiles::width, sizes.padded, query, second, scores, false);
  }
  // The gradient of the scores, for the next two.
  void set_gradient(const float *scores) {
    target.round_tile(scores, sizes.chunk, words(plain), words(interleaved));
  }
  void add_to_queries(float *of_queries) {
    multiply(sizes.chunk, sizes.padded, tiles::width, plain, paired, of_queries, true);
  }
  void add_to_labels(const Number *second_query, bool adds) {
    multiply(
      sizes.padded, tiles::width, sizes.chunk, second_query, interleaved, gradient, adds);
  }
  // The labels' gradient, [64, padded].
  const float *of_labels() {
    target.transpose(gradient, sizes.padded, tiles::width, tiles::width, turned, sizes.padded);
    return turned;
  }
  // Gives the processor's tile registers back.
  static void release() { at::native::cpublas::brgemm_release(true); }
};
}  // namespace
#else
using HalfProducts = FloatProducts;
#endif
