// A tile's products in float32, by the target's own kernels. Labels in bfloat16 become float32 when
// they are packed: exact, and faster than bfloat16 on processors without instructions for it.
#pragma once
#include "arena.h"
#include "targets.h"

#include <c10/util/BFloat16.h>

#include <cstring>

namespace {
class FloatProducts {
  const tiles::Target &target;
  const TileSizes sizes;
  float *copied, *turned, *panels, *gradient;
  const float *of_scores = nullptr;

 public:
  using Number = float;
  static constexpr at::ScalarType type = at::kFloat;
  static constexpr int64_t unit = 16;
  // Rows of a chunk: its scores stay in the first-level cache.
  static constexpr int64_t most_rows = 64;

  static int64_t size(TileSizes sizes) {
    return 4 * Arena::size<float>(tiles::width * sizes.padded);
  }
  FloatProducts(const tiles::Target &target, TileSizes sizes, Arena &arena)
      : target(target), sizes(sizes) {
    for (float **each : {&copied, &turned, &panels, &gradient})
      *each = arena.take<float>(tiles::width * sizes.padded);
  }
  // The queries [chunk count, chunk, padded] as the second factor of the labels' gradient.
  static at::Tensor packed(const at::Tensor &queries) {
    return queries.unflatten(2, {-1, tiles::lanes}).transpose(1, 2).contiguous();
  }

  template <class Stored>
  void open(const Stored *labels, int64_t count, int64_t depth, bool for_queries) {
    const float *rows = copied;
    if (sizeof(Stored) == sizeof(float) && count == tiles::width && depth == sizes.padded)
      rows = reinterpret_cast<const float *>(labels);
    else
      copy(labels, count, depth);
    target.pack_turned(rows, tiles::width, sizes.padded, sizes.padded, turned);
    if (for_queries) target.pack(rows, tiles::width, sizes.padded, sizes.padded, panels);
  }
  void score(const float *query, float *scores) {
    target.multiply(
      sizes.chunk, tiles::width, sizes.padded, query, sizes.padded, turned, scores, tiles::width,
      false);
  }
  // The gradient of the scores, for the next two.
  void set_gradient(const float *scores) { of_scores = scores; }
  void add_to_queries(float *of_queries) {
    target.multiply(
      sizes.chunk, sizes.padded, tiles::width, of_scores, tiles::width, panels, of_queries,
      sizes.padded, true);
  }
  void add_to_labels(const float *second_query, bool adds) {
    target.multiply_turned(
      tiles::width, sizes.padded, sizes.chunk, of_scores, tiles::width, second_query, gradient,
      sizes.padded, adds);
  }
  // The labels' gradient, [64, padded].
  const float *of_labels() { return gradient; }
  static void release() {}

 private:
  void copy(const float *labels, int64_t count, int64_t depth) {
    clear(count, depth);
    for (int64_t r = 0; r < count; r++)
      memcpy(copied + r * sizes.padded, labels + r * depth, sizeof(float) * size_t(depth));
  }
  void copy(const c10::BFloat16 *labels, int64_t count, int64_t depth) {
    clear(count, depth);
    for (int64_t r = 0; r < count; r++)
      target.widen(
        reinterpret_cast<const uint16_t *>(labels) + r * depth, depth, copied + r * sizes.padded);
  }
  void clear(int64_t count, int64_t depth) {
    if (count < tiles::width || depth < sizes.padded)
      memset(copied, 0, sizeof(float) * size_t(tiles::width * sizes.padded));
  }
};
}  // namespace
