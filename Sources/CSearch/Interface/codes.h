// Eight-bit codes of a table's rows, and a scan over all of them that proves for almost every row that
// it is not among the best.
//
// A block of 32 rows has one scale s, and row x the codes c = round(x / s), so that x = s c + d with
// |d| <= E, the block's largest error. A query is q = t g + f with codes g. Then, with |s c| <= N,
//
//     |q . x + bias - (t s (g . c) + bias)| = |q . d + f . s c| <= |q| E + |f| N
//
// bounds every score from both sides. The k-th best lower bound so far is the bar, and only rows whose
// upper bound reaches it are candidates. Instruction sets whose queries have fewer bits find more of them;
// the best rows are among them in any case.
#pragma once
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "code-products.h"
#include "parallel.h"

namespace codes {

constexpr float infinity = std::numeric_limits<float>::infinity();
// Above it, sums of products of codes could overflow.
constexpr int32_t largest_dimension = 1 << 15;
constexpr int32_t largest_row_code = 127;
// More candidates than this, for one query and part of the rows, end its scan.
constexpr size_t most_candidates = 1 << 14;

inline int64_t block_count(const cs_rows &rows) { return (rows.count + width - 1) / width; }
inline size_t length(const cs_rows &rows) {
  if (rows.dimension > largest_dimension)
    throw std::runtime_error(
      "codes of " + std::to_string(rows.dimension) + " numbers; the limit is " +
      std::to_string(largest_dimension));
  return size_t(block_count(rows)) * block_size(padded(rows.dimension));
}

inline float above(double number) {
  return std::nextafter(float(number), infinity);
}

// The numbers of a row, without its bias.
template <class Number>
void read_as(const char *row, int32_t dimension, float *numbers) {
  const float scale = reinterpret_cast<const cs_row_head *>(row)->scale;
  const auto stored = reinterpret_cast<const Number *>(row + sizeof(cs_row_head));
  for (int32_t i = 0; i < dimension; i++)
    numbers[i] = sizeof(Number) == 1 ? scale * float(stored[i]) : float(stored[i]);
}
inline void read(const cs_rows &rows, int64_t index, float *numbers) {
  const char *row = static_cast<const char *>(rows.base) + index * rows.stride;
  if (rows.scalar == CS_FLOAT32) return read_as<float>(row, rows.dimension, numbers);
  if (rows.scalar == CS_FLOAT16) return read_as<_Float16>(row, rows.dimension, numbers);
  read_as<int8_t>(row, rows.dimension, numbers);
}

// The codes of `numbers` for a scale, and the lengths of the coded vector and of the error.
struct Coded {
  double norm, error;
};
inline Coded code(
  const float *numbers, int32_t dimension, float scale, int32_t largest_code, int8_t *result) {
  const float limit = float(largest_code);
  double squares = 0, errors = 0;
  for (int32_t i = 0; i < dimension; i++) {
    const float quotient = scale > 0 ? std::nearbyint(numbers[i] / scale) : 0;
    result[i] = int8_t(std::clamp(quotient, -limit, limit));
    const double value = double(scale) * result[i], rest = numbers[i] - value;
    squares += value * value;
    errors += rest * rest;
  }
  return {std::sqrt(squares), std::sqrt(errors)};
}
// The scale for which the largest number has the largest code.
inline float scale_of(float largest, int32_t largest_code) {
  const float scale = largest / float(largest_code);
  // Quotients by smaller scales could overflow.
  return scale >= std::numeric_limits<float>::min() ? scale : 0;
}

// Writes block `index` of the codes of a table; rows that were removed or do not exist get a bias of
// minus infinity.
inline void write(const cs_rows &rows, int64_t index, char *bytes) {
  const int32_t dimension = rows.dimension, room = padded(dimension);
  char *block = bytes + size_t(index) * block_size(room);
  std::memset(block, 0, block_size(room));
  std::vector<float> numbers(size_t(width) * dimension);
  Head head{0, 0, 0, -infinity};
  float largest = 0;
  float *biases = Block(block).biases();
  for (int32_t lane = 0; lane < width; lane++) {
    const int64_t row = index * width + lane;
    biases[lane] = -infinity;
    if (row >= rows.count) continue;
    const auto stored = reinterpret_cast<const cs_row_head *>(
      static_cast<const char *>(rows.base) + row * rows.stride);
    if (stored->is_removed) continue;
    biases[lane] = stored->bias;
    head.bias = std::max(head.bias, stored->bias);
    float *vector = &numbers[size_t(lane) * dimension];
    read(rows, row, vector);
    for (int32_t i = 0; i < dimension; i++) largest = std::max(largest, std::abs(vector[i]));
  }
  head.scale = scale_of(largest, largest_row_code);
  std::vector<int8_t> coded(room);
  for (int32_t lane = 0; lane < width; lane++) {
    const Coded sizes =
      code(
        &numbers[size_t(lane) * dimension], dimension, head.scale, largest_row_code, coded.data());
    head.norm = std::max(head.norm, above(sizes.norm));
    head.error = std::max(head.error, above(sizes.error));
    int32_t sum = 0;
    for (int32_t i = 0; i < dimension; i++) sum += coded[i];
    std::copy(coded.begin(), coded.end(), Block(block).codes() + size_t(lane) * room);
    Block(block).corrections()[lane] = -128 * sum;
  }
  std::memcpy(block, &head, sizeof head);
}

struct Candidate {
  int32_t row;
  float upper;
};

// The rows that may be among the best of one query, in one part of the rows.
struct State {
  // The k best lower bounds, the worst first.
  std::vector<float> lowers;
  float bar = -infinity;
  std::vector<Candidate> candidates;
  bool has_too_many = false;

  void add(int32_t row, float upper, float lower, size_t k) {
    candidates.push_back({row, upper});
    add(lower, k);
    if (candidates.size() < most_candidates) return;
    drop();
    // Half full even so: the next ones would be dropped one by one.
    has_too_many = candidates.size() > most_candidates / 2;
  }
  void add(float lower, size_t k) {
    if (lowers.size() == k) {
      if (lower <= lowers.front()) return;
      std::pop_heap(lowers.begin(), lowers.end(), std::greater<>());
      lowers.pop_back();
    }
    lowers.push_back(lower);
    std::push_heap(lowers.begin(), lowers.end(), std::greater<>());
    if (lowers.size() == k) bar = lowers.front();
  }
  // Adds the candidates of another part of the rows, which follows this one.
  void add(const State &other, size_t k) {
    for (const float lower : other.lowers) add(lower, k);
    candidates.insert(candidates.end(), other.candidates.begin(), other.candidates.end());
    has_too_many |= other.has_too_many;
  }
  void drop() {
    std::erase_if(candidates, [&](const Candidate &one) { return one.upper < bar; });
  }
};

// The codes of some queries for an instruction set, and the numbers of `Bounds`.
template <class Products>
struct Coding {
  const int32_t room;
  const int64_t count;
  int8_t *codes;
  std::vector<float> scales, inverses, norms, errors;

  Coding(const float *queries, int64_t count, int32_t dimension)
      : room(padded(dimension)), count(count), scales(whole(count)), inverses(whole(count)),
        norms(whole(count)), errors(whole(count)), storage(whole(count) * room + 63) {
    codes = storage.data() + (64 - reinterpret_cast<uintptr_t>(storage.data()) % 64) % 64;
    std::vector<int8_t> coded(dimension);
    for (int64_t q = 0; q < count; q++) {
      const float *query = queries + q * dimension;
      float largest = 0;
      double squares = 0;
      for (int32_t i = 0; i < dimension; i++) {
        largest = std::max(largest, std::abs(query[i]));
        squares += double(query[i]) * query[i];
      }
      scales[q] = scale_of(largest, Products::largest_query_code);
      inverses[q] = scales[q] > 0 ? 1 / scales[q] : 0;
      norms[q] = above(std::sqrt(squares));
      errors[q] = above(
        code(query, dimension, scales[q], Products::largest_query_code, coded.data()).error);
      for (int32_t i = 0; i < dimension; i++)
        codes[place(room, q, i)] = int8_t(coded[i] + Products::raise);
    }
  }
  Coding(const Coding &) = delete;
  static size_t whole(int64_t count) { return size_t((count + tile - 1) / tile * tile); }

 private:
  std::vector<int8_t> storage;
};

// Scans blocks `first` ..< `last` for all queries of a coding.
template <class Products>
void scan(
  const Products &products, const char *bytes, int64_t first, int64_t last,
  const Coding<Products> &coding, size_t k, State *states) {
  const size_t size = block_size(coding.room);
  std::vector<float> bars(coding.scales.size(), -infinity);
  alignas(64) int32_t sums[width * tile], thresholds[tile];
  for (int64_t index = first; index < last; index++) {
    const Block block(const_cast<char *>(bytes) + size_t(index) * size);
    const Head &head = block.head();
    if (head.bias == -infinity) continue;
    for (int64_t start = 0; start < coding.count; start += tile) {
      const int32_t count = int32_t(std::min<int64_t>(tile, coding.count - start));
      const Bounds bounds{
        &coding.inverses[start], &coding.norms[start], &coding.errors[start], &bars[start]};
      uint32_t active = products.reaching(
        coding.codes + start * coding.room, block, coding.room, bounds, sums, thresholds);
      if (count < tile) active &= (uint32_t(1) << count) - 1;
      for (; active; active &= active - 1) {
        const int32_t q = __builtin_ctz(active);
        State &state = states[start + q];
        if (state.has_too_many) continue;
        const float scale = coding.scales[start + q] * head.scale;
        for (int32_t row = 0; row < width; row++) {
          const int32_t sum = sums[row * tile + q];
          const float bias = block.biases()[row];
          if (sum < thresholds[q] || bias == -infinity) continue;
          const float score = scale * float(sum) + bias;
          const float margin = bounds.margin(q, head, bias);
          if (score + margin >= state.bar)
            state.add(int32_t(index * width + row), score + margin, score - margin, k);
        }
        bars[start + q] = state.has_too_many ? infinity : state.bar;
      }
    }
  }
}

// Scans for `count` queries.
inline void scan(
  int32_t instructions, const char *bytes, int64_t first, int64_t last, const float *queries,
  int64_t count, int32_t dimension, size_t k, State *states) {
  const auto by = [&](const auto &products) {
    const Coding<std::decay_t<decltype(products)>> coding(queries, count, dimension);
    scan(products, bytes, first, last, coding, k, states);
  };
  switch (instructions) {
#ifdef CS_HAS_AMX
    case CS_AMX: return by(AMX(padded(dimension)));
#endif
#if defined(__x86_64__)
    case CS_AVX512: return by(AVX512());
    case CS_AVX2: return by(AVX2());
#endif
    default: return by(Portable());
  }
}

// Calls `take(query, rows, count)` with the candidates of each query; `count` is -1 if there are too
// many. Threads share the queries, or the rows if there are few queries.
template <class Take>
void find(
  const char *bytes, const cs_rows &rows, const float *queries, int64_t count, size_t k,
  int32_t threads, int32_t instructions, Take take) {
  constexpr int64_t most = 256;
  const int64_t blocks = block_count(rows);
  const int64_t groups = std::max(
    (count + most - 1) / most, std::clamp<int64_t>(count / tile, 1, std::max<int32_t>(1, threads)));
  const int64_t parts = std::clamp<int64_t>(threads / groups, 1, std::max<int64_t>(1, blocks));
  const auto deliver = [&](int64_t query, State &state) {
    state.drop();
    std::vector<int32_t> found;
    for (const Candidate &one : state.candidates) found.push_back(one.row);
    take(query, found.data(), state.has_too_many ? -1 : int64_t(found.size()));
  };
  std::vector<std::vector<State>> kept(groups * parts);
  std::atomic<int64_t> next{0};
  in_parallel(int32_t(std::min<int64_t>(threads, groups * parts)), [&] {
    for (int64_t piece; (piece = next++) < groups * parts;) {
      const int64_t group = piece / parts, part = piece % parts;
      const int64_t first = count * group / groups, last = count * (group + 1) / groups;
      std::vector<State> states(last - first);
      scan(
        instructions, bytes, blocks * part / parts, blocks * (part + 1) / parts,
        queries + first * rows.dimension, last - first, rows.dimension, k, states.data());
      if (parts > 1) {
        kept[piece] = std::move(states);
        continue;
      }
      for (int64_t query = first; query < last; query++) deliver(query, states[query - first]);
    }
  });
  if (parts == 1) return;
  for (int64_t group = 0; group < groups; group++) {
    std::vector<State> &states = kept[group * parts];
    for (size_t query = 0; query < states.size(); query++) {
      for (int64_t part = 1; part < parts; part++)
        states[query].add(kept[group * parts + part][query], k);
      deliver(count * group / groups + int64_t(query), states[query]);
    }
  }
}

}  // namespace codes
