// Memory for everything that a call needs, divided into aligned pieces.
#pragma once
#include <ATen/Functions.h>

#include <algorithm>
#include <cstdint>

namespace {
inline int64_t rounded_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

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
    next += size<T>(count);
    return piece;
  }
  template <class T>
  static int64_t size(int64_t count) {
    return rounded_up(count * int64_t(sizeof(T)), 64);
  }
};

// Rows are divided into chunks of 16, 32 or 48, or of a multiple of 64 up to `most`, so that there are
// few shapes.
inline int64_t chunk_of(int64_t rows, int64_t most) {
  if (rows <= 64) return rounded_up(std::max<int64_t>(rows, 1), 16);
  const int64_t count = (rows + most - 1) / most;
  return rounded_up((rows + count - 1) / count, 64);
}

// The rows of a chunk of queries, and the width of embeddings padded with zeros.
struct TileSizes {
  int64_t chunk, padded;
};
}  // namespace
