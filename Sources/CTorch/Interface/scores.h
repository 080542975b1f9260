// The parts of blocks.cpp: the data of a call, one tile, and threads that take blocks.
#pragma once
#include "float_products.h"
#include "half_products.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>

namespace {
using tiles::lanes;
using tiles::width;

template <class T>
const T *elements(ct_tensor t, at::ScalarType type, int64_t count, const char *name) {
  auto tensor = ct::shared(t);
  TORCH_CHECK(
    tensor.scalar_type() == type && tensor.is_contiguous() && tensor.device().is_cpu()
      && tensor.numel() == count,
    name, " must be a contiguous ", type, " tensor of ", count, " elements on the CPU");
  return static_cast<const T *>(tensor.data_ptr());
}
template <class T>
T *writable(ct_tensor t, at::ScalarType type, int64_t count, const char *name) {
  return const_cast<T *>(elements<T>(t, type, count, name));
}

// The data that all threads read: the queries, in chunks of rows, and the positions of the
// positives. Labels are numbers of `Stored`; `Products` multiplies them.
template <class Stored, class Products>
struct Scores {
  using Number = typename Products::Number;
  static constexpr bool is_half = sizeof(Stored) == 2;
  static constexpr at::ScalarType type = is_half ? at::kBFloat16 : at::kFloat;
  const tiles::Target &target;
  int64_t rows, columns, depth, label_count;
  int64_t chunk_count;
  TileSizes sizes;
  int64_t tile, block, block_count;
  at::Tensor queries, second_queries, bias;
  const Stored *labels;
  float *offset;
  const int64_t *cell_rows, *cell_positions, *cell_offsets;
  int64_t cell_count;

  Scores(const tiles::Target &target, const ct_score_blocks &b, bool wants_labels)
      : target(target) {
    const at::Tensor q = ct::shared(b.queries), y = ct::shared(b.labels);
    TORCH_CHECK(
      q.dim() == 2 && y.dim() == 2 && q.size(1) == y.size(1), "queries of shape ", q.sizes(),
      " for labels of shape ", y.sizes());
    rows = q.size(0), depth = q.size(1), label_count = y.size(0);
    elements<Stored>(b.queries, type, rows * depth, "queries");
    labels = elements<Stored>(b.labels, type, label_count * depth, "labels");
    if (b.bias) bias = ct::shared(b.bias).to(at::kFloat).contiguous();
    TORCH_CHECK(!bias.defined() || bias.numel() == label_count, "a bias of shape ", bias.sizes());
    offset = b.offset
      ? writable<float>(b.offset, at::kFloat, rows * label_count, "offset")
      : nullptr;
    tile = b.tile, block = b.block;
    TORCH_CHECK(
      tile > 0 && tile <= width && block >= tile && block % tile == 0, "blocks of ", block,
      " labels in tiles of ", tile);
    block_count = (label_count + block - 1) / block;
    const int64_t tiles = (label_count + tile - 1) / tile;
    cell_count = ct::shared(b.cell_rows).numel();
    cell_rows = elements<int64_t>(b.cell_rows, at::kLong, cell_count, "cell rows");
    cell_positions = elements<int64_t>(b.cell_positions, at::kLong, cell_count, "cell positions");
    cell_offsets = elements<int64_t>(b.cell_offsets, at::kLong, tiles + 1, "cell offsets");

    sizes.padded = rounded_up(std::max<int64_t>(depth, 1), Products::unit);
    sizes.chunk = chunk_of(rows, Products::most_rows);
    chunk_count = (rows + sizes.chunk - 1) / sizes.chunk;
    queries = at::zeros({chunk_count, sizes.chunk, sizes.padded}, Products::type);
    queries.view({chunk_count * sizes.chunk, sizes.padded})
      .narrow(0, 0, rows).narrow(1, 0, depth).copy_(q);
    if (wants_labels) second_queries = Products::packed(queries);
  }

  const Number *query(int64_t index) const {
    return static_cast<const Number *>(queries.data_ptr()) + index * sizes.chunk * sizes.padded;
  }
  const Number *second_query(int64_t index) const {
    return static_cast<const Number *>(second_queries.data_ptr())
      + index * sizes.chunk * sizes.padded;
  }
  const float *biases() const {
    return bias.defined() ? static_cast<const float *>(bias.data_ptr()) : nullptr;
  }
  int64_t rows_of(int64_t index) const {
    return std::min(sizes.chunk, rows - index * sizes.chunk);
  }
  int64_t padded_rows() const { return chunk_count * sizes.chunk; }
  int64_t threads() const {
    return std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), block_count));
  }
};

// One thread's tile: labels, scores, and the gradients of these labels.
template <class Stored, class Products>
struct Tile {
  const Scores<Stored, Products> &all;
  float *scores, *biases, *column_sums;
  Products products;
  int64_t start = 0, count = 0;

  static int64_t size(const Scores<Stored, Products> &all) {
    return Arena::size<float>(all.sizes.chunk * width) + 2 * Arena::size<float>(width)
      + Products::size(all.sizes);
  }
  Tile(const Scores<Stored, Products> &all, Arena &arena)
      : all(all), products(all.target, all.sizes, arena) {
    scores = arena.take<float>(all.sizes.chunk * width);
    biases = arena.take<float>(width);
    column_sums = arena.take<float>(width);
  }

  // Packs the labels `start ..< start + count`.
  void open(int64_t start, int64_t count, bool for_queries) {
    this->start = start, this->count = count;
    products.open(all.labels + start * all.depth, count, all.depth, for_queries);
    const float *bias = all.biases() ? all.biases() + start : nullptr;
    for (int64_t c = 0; c < width; c++)
      biases[c] = c >= count ? -INFINITY : bias ? bias[c] : 0.0f;
  }

  void score(int64_t chunk) {
    products.score(all.query(chunk), scores);
    if (all.offset)
      all.target.add_part(offset(chunk), all.rows_of(chunk), count, all.label_count, scores);
  }
  // Writes the result in `scores` over the offset scores.
  void hand_back(int64_t chunk) {
    if (all.offset)
      all.target.copy_part(scores, all.rows_of(chunk), count, offset(chunk), all.label_count);
  }
  // Multiplies the result in `scores` into the gradients.
  void multiply(int64_t chunk, float *of_queries, bool with_labels) {
    products.set_gradient(scores);
    if (of_queries)
      products.add_to_queries(of_queries + chunk * all.sizes.chunk * all.sizes.padded);
    if (with_labels) products.add_to_labels(all.second_query(chunk), chunk > 0);
  }

  float *offset(int64_t chunk) const {
    return all.offset + chunk * all.sizes.chunk * all.label_count + start;
  }

  // Calls `body` with the row within the chunk, the column and the number of each cell of this
  // chunk; `next` is the first cell that does not come before it.
  template <class Body>
  void for_cells(int64_t chunk, int64_t &next, int64_t end, Body body) {
    const int64_t first = chunk * all.sizes.chunk, behind = first + all.sizes.chunk;
    for (; next < end && all.cell_rows[next] < behind; next++) {
      const int64_t row = all.cell_rows[next];
      body(row - first, all.cell_positions[next] - row * count, next);
    }
  }
};

// Processes the blocks of a call in any order and adds up their results in block order.
class Blocks {
  std::atomic<int64_t> next{0};
  int64_t joined = 0;
  std::exception_ptr failure;
  std::mutex guard;
  std::condition_variable changed;

 public:
  // Runs `work(thread, block)` on several threads at once, `join(thread, block)` on one.
  template <class Work, class Join>
  void run(int64_t count, int64_t threads, Work work, Join join) {
    at::parallel_for(0, threads, 1, [&](int64_t begin, int64_t end) {
      for (int64_t thread = begin; thread < end; thread++) {
        try {
          for (int64_t block; (block = next++) < count;) {
            work(thread, block);
            std::unique_lock lock(guard);
            changed.wait(lock, [&] { return failure || joined == block; });
            if (failure) return;
            join(thread, block);
            joined++;
            changed.notify_all();
          }
        } catch (...) {
          std::lock_guard lock(guard);
          if (!failure) failure = std::current_exception();
          changed.notify_all();
        }
      }
    });
    if (failure) std::rethrow_exception(failure);
  }
};
}  // namespace
