// The parts of blocks.cpp: packed queries, one tile with its products, and threads that take
// blocks. For processors with AVX-512.
#pragma once
#include "interface.h"
#include "layout.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/native/CPUBlas.h>

#include <atomic>
#include <condition_variable>
#include <cstring>
#include <mutex>

namespace {
using at::native::cpublas::brgemm;
using tiles::lanes;
using tiles::width;
typedef at::BFloat16 Half;  // as wide as half a float

int64_t rounded_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// Memory for everything that a call needs, divided into aligned pieces.
class Arena {
  at::Tensor bytes;
  char *next;

 public:
  explicit Arena(int64_t size) : bytes(at::empty({size + 64}, at::kByte)) {
    next = static_cast<char *>(bytes.data_ptr());
    next += -reinterpret_cast<intptr_t>(next) & 63;
  }
  template <class T>
  T *take(int64_t count) {
    T *piece = reinterpret_cast<T *>(next);
    next += rounded_up(count * int64_t(sizeof(T)), 64);
    return piece;
  }
  template <class T>
  static int64_t size(int64_t count) {
    return rounded_up(count * int64_t(sizeof(T)), 64);
  }
};

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
// positives.
template <class T>
struct Scores {
  static constexpr bool is_half = sizeof(T) == 2;
  static constexpr at::ScalarType type = is_half ? at::kBFloat16 : at::kFloat;
  int64_t rows, columns, depth, label_count;
  int64_t padded, chunk, chunk_count;
  int64_t tile, block, block_count;
  at::Tensor queries, transposed, bias;
  const T *labels;
  float *beside;
  const int64_t *cell_rows, *cell_positions, *cell_offsets;
  int64_t cell_count;

  Scores(const ct_score_blocks &b, bool with_transposed) {
    const at::Tensor q = ct::shared(b.queries), y = ct::shared(b.labels);
    TORCH_CHECK(
      q.dim() == 2 && y.dim() == 2 && q.size(1) == y.size(1), "queries of shape ", q.sizes(),
      " for labels of shape ", y.sizes());
    rows = q.size(0), depth = q.size(1), label_count = y.size(0);
    elements<T>(b.queries, type, rows * depth, "queries");
    labels = elements<T>(b.labels, type, label_count * depth, "labels");
    if (b.bias) bias = ct::shared(b.bias).to(at::kFloat).contiguous();
    TORCH_CHECK(!bias.defined() || bias.numel() == label_count, "a bias of shape ", bias.sizes());
    beside = b.beside
      ? writable<float>(b.beside, at::kFloat, rows * label_count, "scores beside")
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

    padded = rounded_up(std::max<int64_t>(depth, 1), is_half ? 32 : 16);
    chunk = std::min<int64_t>(64, rounded_up(std::max<int64_t>(rows, 1), 16));
    chunk_count = (rows + chunk - 1) / chunk;
    queries = at::zeros({chunk_count * chunk, padded}, type);
    queries.narrow(0, 0, rows).narrow(1, 0, depth).copy_(q);
    if (with_transposed)
      transposed = queries.view({chunk_count, chunk, padded}).transpose(1, 2).contiguous();
  }

  const T *query(int64_t index) const {
    return static_cast<const T *>(queries.data_ptr()) + index * chunk * padded;
  }
  const T *query_transposed(int64_t index) const {
    return static_cast<const T *>(transposed.data_ptr()) + index * chunk * padded;
  }
  const float *biases() const {
    return bias.defined() ? static_cast<const float *>(bias.data_ptr()) : nullptr;
  }
  int64_t rows_of(int64_t index) const { return std::min(chunk, rows - index * chunk); }
  int64_t threads() const {
    return std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), block_count));
  }
};

// One thread's tile: labels, scores, and the gradients of these labels.
template <class T>
struct Tile {
  const Scores<T> &all;
  float *scores, *gradient, *turned, *biases, *column_sums;
  T *copied, *second, *paired, *plain, *interleaved;
  const T *rows = nullptr;
  int64_t start = 0, count = 0;

  static int64_t size(const Scores<T> &s) {
    return Arena::size<float>(s.chunk * width) + 2 * Arena::size<float>(width * s.padded)
      + 2 * Arena::size<float>(width) + 3 * Arena::size<T>(width * s.padded)
      + 2 * Arena::size<T>(s.chunk * width);
  }
  Tile(const Scores<T> &all, Arena &arena) : all(all) {
    scores = arena.take<float>(all.chunk * width);
    gradient = arena.take<float>(width * all.padded);
    turned = arena.take<float>(width * all.padded);
    biases = arena.take<float>(width);
    column_sums = arena.take<float>(width);
    copied = arena.take<T>(width * all.padded);
    second = arena.take<T>(width * all.padded);
    paired = arena.take<T>(width * all.padded);
    plain = arena.take<T>(all.chunk * width);
    interleaved = arena.take<T>(all.chunk * width);
  }

  // Packs the labels `start ..< start + count`.
  void open(int64_t start, int64_t count, bool for_gradients) {
    this->start = start, this->count = count;
    rows = all.labels + start * all.depth;
    if (count < width || all.depth < all.padded) {
      memset(static_cast<void *>(copied), 0, sizeof(T) * size_t(width * all.padded));
      for (int64_t r = 0; r < count; r++)
        memcpy(
          static_cast<void *>(copied + r * all.padded), rows + r * all.depth,
          sizeof(T) * size_t(all.depth));
      rows = copied;
    }
    // Pairs of bfloat16 are transposed as one word: oneDNN requires that order.
    const int64_t words = all.padded * int64_t(sizeof(T)) / 4;
    tiles::transpose(rows, width, words, words, second, width);
    if constexpr (sizeof(T) == 2) {
      if (for_gradients)
        tiles::pair_rows(
          reinterpret_cast<const uint16_t *>(rows), width, all.padded,
          reinterpret_cast<uint16_t *>(paired));
    }
    const float *bias = all.biases() ? all.biases() + start : nullptr;
    for (int64_t c = 0; c < width; c++)
      biases[c] = c >= count ? -INFINITY : bias ? bias[c] : 0.0f;
  }

  void score(int64_t chunk) {
    brgemm(
      all.chunk, width, all.padded, all.padded, width, width, false, all.query(chunk), second,
      scores, Scores<T>::is_half);
    if (all.beside)
      tiles::add_part(beside(chunk), all.rows_of(chunk), count, all.label_count, scores);
  }
  // Writes the result in `scores` over the offset scores.
  void hand_back(int64_t chunk) {
    if (all.beside)
      tiles::copy_part(scores, all.rows_of(chunk), count, beside(chunk), all.label_count);
  }
  // Multiplies the result in `scores` into the gradients.
  void multiply(int64_t chunk, float *of_queries, bool with_labels) {
    const T *left, *right;
    if constexpr (sizeof(T) == 2) {
      tiles::round_tile(
        scores, all.chunk, reinterpret_cast<uint16_t *>(plain),
        reinterpret_cast<uint16_t *>(interleaved));
      left = plain, right = interleaved;
    } else {
      left = right = scores;
    }
    if (of_queries)
      brgemm(
        all.chunk, all.padded, width, width, all.padded, all.padded, true, left,
        sizeof(T) == 2 ? paired : rows, of_queries + chunk * all.chunk * all.padded,
        Scores<T>::is_half);
    if (with_labels)
      brgemm(
        all.padded, width, all.chunk, all.chunk, width, width, chunk > 0,
        all.query_transposed(chunk), right, gradient, Scores<T>::is_half);
  }

  float *beside(int64_t chunk) const {
    return all.beside + chunk * all.chunk * all.label_count + start;
  }

  // Calls `body` with the row within the chunk, the column and the number of each cell of this
  // chunk; `next` is the first cell that does not come before it.
  template <class Body>
  void for_cells(int64_t chunk, int64_t &next, int64_t end, Body body) {
    const int64_t first = chunk * all.chunk, behind = first + all.chunk;
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
