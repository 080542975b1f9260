// Sums, products and softmax over the entries of a sparse matrix whose places are fixed: a graph's
// messages, or the words of documents. libtorch's own gather, scale and scatter write one row for each
// entry; these read each once and write only the result.
//
// Rows are divided among threads by their entries, and one thread computes all of a row in the order
// of its entries, so results do not depend on the number of threads.
#include "interface.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CT_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CT_CLONES
#endif
#define CT_INLINE static inline __attribute__((always_inline))

namespace {
// Numbers that one thread should have to process before a second one pays.
constexpr int64_t enough = 1 << 15;

// The entries of some rows: columns, and where the value of each lies.
struct Entries {
  const int64_t *offsets;
  const int32_t *columns;
  const int32_t *order;  // NULL: the value of entry e is number e

  int64_t value(int64_t entry) const { return order ? order[entry] : entry; }
};

struct Shape {
  int64_t heads, width;  // a dense row has heads times width numbers
};

template <typename Body>
void for_rows(const int64_t *offsets, int64_t rows, int64_t work_per_entry, const Body &body) {
  const int64_t entries = offsets[rows];
  const int64_t parts = std::max<int64_t>(
    1, std::min<int64_t>(
         4 * at::get_num_threads(), (entries * work_per_entry + rows) / enough));
  if (parts == 1) return body(0, rows);
  // Row i costs its entries and one more, so that empty rows count.
  const auto begin = [&](int64_t part) {
    const int64_t share = (entries + rows) * part / parts;
    int64_t low = 0, high = rows;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (offsets[middle] + middle < share)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  };
  at::parallel_for(0, parts, 1, [&](int64_t first, int64_t last) {
    for (int64_t part = first; part < last; part++) body(begin(part), part + 1 == parts ? rows : begin(part + 1));
  });
}

// sums[0 ..< count] = the entries' dense numbers, weighted; kept in registers over all entries.
template <typename T, int64_t count>
CT_INLINE void add_up(
  const Entries &entries, int64_t begin, int64_t end, const T *weights, int64_t heads,
  const T *dense, int64_t stride, T *result) {
  T sums[count] = {};
  for (int64_t e = begin; e < end; e++) {
    const T weight = weights ? weights[entries.value(e) * heads] : T(1);
    const T *row = dense + entries.columns[e] * stride;
    for (int64_t i = 0; i < count; i++) sums[i] += weight * row[i];
  }
  for (int64_t i = 0; i < count; i++) result[i] = sums[i];
}

template <typename T>
CT_INLINE void sum_rows(
  const Entries &entries, int64_t first, int64_t last, Shape shape, const T *weights,
  const T *dense, T *result) {
  const int64_t stride = shape.heads * shape.width;
  for (int64_t row = first; row < last; row++) {
    const int64_t begin = entries.offsets[row], end = entries.offsets[row + 1];
    for (int64_t head = 0; head < shape.heads; head++) {
      const T *own = weights ? weights + head : nullptr;
      const T *from = dense + head * shape.width;
      T *to = result + row * stride + head * shape.width;
      int64_t i = 0;
      // More than 16 sums the compiler keeps in memory, which takes ten times as long.
      for (; i + 16 <= shape.width; i += 16)
        add_up<T, 16>(entries, begin, end, own, shape.heads, from + i, stride, to + i);
      for (; i + 8 <= shape.width; i += 8)
        add_up<T, 8>(entries, begin, end, own, shape.heads, from + i, stride, to + i);
      for (; i + 4 <= shape.width; i += 4)
        add_up<T, 4>(entries, begin, end, own, shape.heads, from + i, stride, to + i);
      for (; i < shape.width; i++)
        add_up<T, 1>(entries, begin, end, own, shape.heads, from + i, stride, to + i);
    }
  }
}

// The sums of the entries' own numbers, [entries, heads].
template <typename T>
CT_INLINE void sum_values(
  const Entries &entries, int64_t first, int64_t last, int64_t heads, const T *values,
  T *result) {
  for (int64_t row = first; row < last; row++) {
    T *to = result + row * heads;
    for (int64_t head = 0; head < heads; head++) to[head] = 0;
    for (int64_t e = entries.offsets[row]; e < entries.offsets[row + 1]; e++) {
      const T *from = values + entries.value(e) * heads;
      for (int64_t head = 0; head < heads; head++) to[head] += from[head];
    }
  }
}

template <typename T>
CT_INLINE void multiply_rows(
  const Entries &entries, int64_t first, int64_t last, Shape shape, const T *left,
  const T *right, T *result) {
  const int64_t stride = shape.heads * shape.width;
  for (int64_t row = first; row < last; row++)
    for (int64_t e = entries.offsets[row]; e < entries.offsets[row + 1]; e++) {
      const T *a = left + row * stride, *b = right + entries.columns[e] * stride;
      T *to = result + entries.value(e) * shape.heads;
      for (int64_t head = 0; head < shape.heads; head++, a += shape.width, b += shape.width) {
        // Eight sums: one alone would wait for itself.
        T sums[8] = {};
        int64_t i = 0;
        for (; i + 8 <= shape.width; i += 8)
          for (int64_t k = 0; k < 8; k++) sums[k] += a[i + k] * b[i + k];
        for (; i < shape.width; i++) sums[0] += a[i] * b[i];
        to[head] = ((sums[0] + sums[4]) + (sums[1] + sums[5]))
          + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
      }
    }
}

// The shares of a row's entries, softmax for each head. An infinite score takes the whole share.
template <typename T>
CT_INLINE void softmax_rows(
  const Entries &entries, int64_t first, int64_t last, int64_t heads, const T *scores, T *shares) {
  for (int64_t row = first; row < last; row++) {
    const int64_t begin = entries.offsets[row], end = entries.offsets[row + 1];
    for (int64_t head = 0; head < heads; head++) {
      T peak = -std::numeric_limits<T>::infinity(), sum = 0;
      for (int64_t e = begin; e < end; e++)
        peak = std::max(peak, scores[entries.value(e) * heads + head]);
      const T shift = std::isinf(peak) ? T(0) : peak;
      for (int64_t e = begin; e < end; e++) {
        const int64_t i = entries.value(e) * heads + head;
        sum += shares[i] = std::exp(scores[i] - shift);
      }
      // All scores of a row may be −∞, as if it had no entries.
      const T factor = sum > 0 ? 1 / sum : T(0);
      for (int64_t e = begin; e < end; e++) shares[entries.value(e) * heads + head] *= factor;
    }
  }
}

// Each instruction set has a copy of these.
#define CT_BOTH(name, parameters, arguments) \
  CT_CLONES void name##_float parameters(float) { name<float> arguments; } \
  CT_CLONES void name##_double parameters(double) { name<double> arguments; }
#define CT_SUM(T) \
  (const Entries &entries, int64_t first, int64_t last, Shape shape, const T *weights, const T *dense, T *result)
CT_BOTH(sum_rows, CT_SUM, (entries, first, last, shape, weights, dense, result))
#define CT_VALUES(T) \
  (const Entries &entries, int64_t first, int64_t last, int64_t heads, const T *values, T *result)
CT_BOTH(sum_values, CT_VALUES, (entries, first, last, heads, values, result))
#define CT_PRODUCT(T) \
  (const Entries &entries, int64_t first, int64_t last, Shape shape, const T *left, const T *right, T *result)
CT_BOTH(multiply_rows, CT_PRODUCT, (entries, first, last, shape, left, right, result))
CT_BOTH(softmax_rows, CT_VALUES, (entries, first, last, heads, values, result))

struct Places {
  at::Tensor offsets, columns, order;
  Entries entries;
  int64_t rows;

  explicit Places(const ct_places *given)
      : offsets(ct::shared(given->offsets)),
        columns(ct::shared(given->columns)),
        order(ct::shared(given->order)),
        rows(offsets.numel() - 1) {
    TORCH_CHECK(
      offsets.scalar_type() == at::kLong && columns.scalar_type() == at::kInt
        && offsets.is_contiguous() && columns.is_contiguous() && offsets.is_cpu()
        && columns.is_cpu(),
      "a sparse matrix has int64 offsets and int32 columns on the CPU");
    TORCH_CHECK(
      !order.defined()
        || (order.scalar_type() == at::kInt && order.is_contiguous() && order.is_cpu()
            && order.numel() == columns.numel()),
      "the order of a sparse matrix has an int32 for each entry");
    entries = {
      offsets.const_data_ptr<int64_t>(), columns.const_data_ptr<int32_t>(),
      order.defined() ? order.const_data_ptr<int32_t>() : nullptr};
  }

  // Checks a matrix with a number of rows.
  at::Tensor dense(ct_tensor handle, int64_t count, int64_t width, at::ScalarType type) const {
    at::Tensor tensor = ct::shared(handle);
    TORCH_CHECK(
      tensor.defined() && tensor.is_cpu() && tensor.is_contiguous() && tensor.dim() == 2
        && tensor.scalar_type() == type && tensor.size(0) >= count
        && (width < 0 || tensor.size(1) == width),
      "a sparse product needs contiguous matrices of one type on the CPU");
    return tensor;
  }
};

at::ScalarType type_of(ct_tensor tensor) {
  const at::ScalarType type = ct::shared(tensor).scalar_type();
  TORCH_CHECK(
    type == at::kFloat || type == at::kDouble, "sparse products take float32 or float64, not ", type);
  return type;
}
}  // namespace

namespace ct {
int32_t sparse_sums(
  const ct_places *places, int64_t heads, ct_tensor weights, ct_tensor dense, ct_tensor result) {
  CT_TRY
  const Places p(places);
  const at::ScalarType type = type_of(result);
  const at::Tensor out = p.dense(result, p.rows, -1, type);
  const int64_t columns = out.size(1), entries = p.columns.numel();
  TORCH_CHECK(heads > 0 && columns % heads == 0, "rows of ", columns, " for ", heads, " heads");
  at::Tensor w, x;
  if (weights) w = p.dense(weights, entries, heads, type);
  if (dense) {
    x = p.dense(dense, places->column_count, columns, type);
  } else {
    TORCH_CHECK(weights && columns == heads, "a sum without rows needs a value for each entry");
  }
  for_rows(p.entries.offsets, p.rows, columns, [&](int64_t first, int64_t last) {
    const Shape shape = {heads, columns / heads};
    if (type == at::kFloat) {
      const float *v = weights ? w.const_data_ptr<float>() : nullptr;
      float *to = out.data_ptr<float>();
      if (dense)
        sum_rows_float(p.entries, first, last, shape, v, x.const_data_ptr<float>(), to);
      else
        sum_values_float(p.entries, first, last, heads, v, to);
    } else {
      const double *v = weights ? w.const_data_ptr<double>() : nullptr;
      double *to = out.data_ptr<double>();
      if (dense)
        sum_rows_double(p.entries, first, last, shape, v, x.const_data_ptr<double>(), to);
      else
        sum_values_double(p.entries, first, last, heads, v, to);
    }
  });
  CT_END
}

int32_t sparse_products(
  const ct_places *places, ct_tensor left, ct_tensor right, ct_tensor result) {
  CT_TRY
  const Places p(places);
  const at::ScalarType type = type_of(result);
  const at::Tensor a = p.dense(left, p.rows, -1, type);
  const at::Tensor b = p.dense(right, places->column_count, a.size(1), type);
  const at::Tensor out = p.dense(result, p.columns.numel(), -1, type);
  const int64_t heads = out.size(1);
  TORCH_CHECK(heads > 0 && a.size(1) % heads == 0, "rows of ", a.size(1), " for ", heads, " heads");
  const Shape shape = {heads, a.size(1) / heads};
  for_rows(p.entries.offsets, p.rows, a.size(1), [&](int64_t first, int64_t last) {
    if (type == at::kFloat)
      multiply_rows_float(
        p.entries, first, last, shape, a.const_data_ptr<float>(), b.const_data_ptr<float>(),
        out.data_ptr<float>());
    else
      multiply_rows_double(
        p.entries, first, last, shape, a.const_data_ptr<double>(), b.const_data_ptr<double>(),
        out.data_ptr<double>());
  });
  CT_END
}

int32_t sparse_softmax(const ct_places *places, ct_tensor scores, ct_tensor result) {
  CT_TRY
  const Places p(places);
  const at::ScalarType type = type_of(result);
  const int64_t entries = p.columns.numel();
  const at::Tensor in = p.dense(scores, entries, -1, type);
  const at::Tensor out = p.dense(result, entries, in.size(1), type);
  // An exponential costs as much as some ten products.
  for_rows(p.entries.offsets, p.rows, 10 * in.size(1), [&](int64_t first, int64_t last) {
    if (type == at::kFloat)
      softmax_rows_float(
        p.entries, first, last, in.size(1), in.const_data_ptr<float>(), out.data_ptr<float>());
    else
      softmax_rows_double(
        p.entries, first, last, in.size(1), in.const_data_ptr<double>(), out.data_ptr<double>());
  });
  CT_END
}
}  // namespace ct
