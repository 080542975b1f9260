// Kernels for operations that take aten several passes over memory: these take one read and at most
// one write. They include the block loop of the streaming losses and the updates of large tables.
//
// Written with the compilers' vector extension, 16 floats wide: one source for AVX-512, AVX2 and
// all other instruction sets, chosen when the library is loaded (CT_CLONES). Results do not depend
// on the number of threads: one thread processes all of a row, in a fixed order.
#include "interface.h"

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <cmath>
#include <cstring>
#include <limits>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CT_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define CT_CLONES
#endif
#define CT_INLINE static inline __attribute__((always_inline))

namespace {
constexpr int64_t lanes = 16;
// The number of rows that the updates of tables prefetch.
constexpr int64_t ahead = 2;
typedef float Floats __attribute__((vector_size(64)));
typedef int32_t Ints __attribute__((vector_size(64)));
constexpr float infinity = std::numeric_limits<float>::infinity();

CT_INLINE void load(const float *source, Floats &result) { memcpy(&result, source, 64); }
// Loads up to 16 floats, padded with `filler`.
CT_INLINE void load(const float *source, int64_t count, float filler, Floats &result) {
  if (count >= lanes) return load(source, result);
  for (int64_t i = 0; i < lanes; i++) result[i] = i < count ? source[i] : filler;
}
CT_INLINE void store(const Floats &v, int64_t count, float *target) {
  memcpy(target, &v, sizeof(float) * (count < lanes ? count : lanes));
}
CT_INLINE float largest_of(const Floats &v) {
  float result = v[0];
  for (int64_t i = 1; i < lanes; i++) result = v[i] > result ? v[i] : result;
  return result;
}
CT_INLINE double sum_of(const Floats &v) {
  double result = 0;
  for (int64_t i = 0; i < lanes; i++) result += double(v[i]);
  return result;
}

// e^x to 1.2 units in the last place up to x = 88, e^88 above; 0 below -87.3 (where float has only
// denormals); NaN for NaN.
// x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 is split in two so that r keeps all its bits, and e^r
// is its Taylor polynomial to r^7, whose remainder is below one rounding.
CT_INLINE void exponential(const Floats &x, Floats &result) {
  const Floats zero = {};
  Floats bounded = x > 88.0f ? zero + 88.0f : x;
  bounded = bounded < -87.3f ? zero - 87.3f : bounded;
  // Adding 1.5 * 2^23 rounds to the nearest integer, which is then in the low bits.
  Floats shifted = bounded * 1.44269504088896341f + 12582912.0f;
  Floats n = shifted - 12582912.0f;
  Floats r = bounded - n * 0.693359375f;
  r = r + n * 2.12194440054690583e-4f;
  Floats p = zero + 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  Ints bits;
  memcpy(&bits, &shifted, 64);
  Ints exponent = (bits + 127) << 23;
  Floats power;
  memcpy(&power, &exponent, 64);
  result = x < -87.3f ? zero : p * power;
}

// log(1 + u) for 0 <= u <= 1, to a relative error of 3e-7 even for the smallest u:
// log(1 + u) = 2 artanh(z) with z = u / (2 + u) <= 1/3, by its series.
CT_INLINE void log_one_plus(const Floats &u, Floats &result) {
  const Floats zero = {};
  Floats z = u / (u + 2.0f), q = z * z;
  Floats p = zero + 1.0f / 17;
  p = p * q + 1.0f / 15;
  p = p * q + 1.0f / 13;
  p = p * q + 1.0f / 11;
  p = p * q + 1.0f / 9;
  p = p * q + 1.0f / 7;
  p = p * q + 1.0f / 5;
  p = p * q + 1.0f / 3;
  p = p * q + 1.0f;
  result = 2.0f * z * p;
}

// Four independent maxima: a single one would wait for its own result at every step.
CT_CLONES float peak_of(const float *row, int64_t count) {
  Floats top[4];
  for (auto &t : top) t = Floats{} - infinity;
  int64_t c = 0;
  for (; c + 4 * lanes <= count; c += 4 * lanes)
    for (int64_t k = 0; k < 4; k++) {
      Floats s;
      load(row + c + k * lanes, s);
      top[k] = s > top[k] ? s : top[k];
    }
  for (; c < count; c += lanes) {
    Floats s;
    load(row + c, count - c, -infinity, s);
    top[0] = s > top[0] ? s : top[0];
  }
  for (int64_t k = 1; k < 4; k++) top[0] = top[k] > top[0] ? top[k] : top[0];
  return largest_of(top[0]);
}

CT_CLONES void online_row(const float *row, int64_t count, float *maximum, double *sum) {
  float peak = peak_of(row, count);
  peak = peak > *maximum ? peak : *maximum;
  // infinity - infinity would be NaN: if everything so far is masked, any shift does, and if
  // something is infinite, so is the result.
  const float shift = std::isinf(peak) ? 0 : peak;
  Floats total[2] = {};
  int64_t c = 0;
  for (; c + 2 * lanes <= count; c += 2 * lanes)
    for (int64_t k = 0; k < 2; k++) {
      Floats s, e;
      load(row + c + k * lanes, s);
      exponential(s - shift, e);
      total[k] += e;
    }
  for (; c < count; c += lanes) {
    Floats s, e;
    load(row + c, count - c, -infinity, s);
    exponential(s - shift, e);
    total[0] += e;
  }
  *sum = *sum * std::exp(double(*maximum) - double(shift)) + sum_of(total[0] + total[1]);
  *maximum = peak;
}

CT_CLONES void exp_row(
  const float *row, int64_t count, float shift, float scale, float *result) {
  for (int64_t c = 0; c < count; c += lanes) {
    Floats s, e;
    load(row + c, count - c, -infinity, s);
    exponential(s - shift, e);
    store(e * scale, count - c, result + c);
  }
}

CT_CLONES double softplus_row(const float *row, int64_t count) {
  double sum = 0;
  const Floats zero = {};
  for (int64_t c = 0; c < count; c += lanes) {
    Floats s, u, l;
    load(row + c, count - c, -infinity, s);
    exponential(s > 0.0f ? -s : s, u);
    log_one_plus(u, l);
    sum += sum_of((s > 0.0f ? s : zero) + l);
  }
  return sum;
}

CT_CLONES void sigmoid_row(const float *row, int64_t count, float scale, float *result) {
  for (int64_t c = 0; c < count; c += lanes) {
    Floats s, u;
    load(row + c, count - c, 0, s);
    exponential(s > 0.0f ? -s : s, u);
    Floats one = scale / (u + 1.0f);
    store(s > 0.0f ? one : u * one, count - c, result + c);
  }
}

// Mean of squares, then the step: one accumulator for the D elements of the row.
CT_CLONES void adagrad_row(
  float *row, float *state, const float *gradient, int64_t width, float rate, float epsilon,
  float decay) {
  float squares = 0;
  Floats partial = {};
  int64_t c = 0;
  for (; c + lanes <= width; c += lanes) {
    Floats g;
    load(gradient + c, g);
    partial += g * g;
  }
  squares = float(sum_of(partial));
  for (; c < width; c++) squares += gradient[c] * gradient[c];
  *state += squares / float(width);
  float scale = rate / (std::sqrt(*state) + epsilon);
  for (c = 0; c < width; c++) row[c] = row[c] * (1 - rate * decay) - scale * gradient[c];
}

CT_CLONES void adagrad_elements(
  float *row, float *state, const float *gradient, int64_t width, float rate, float epsilon,
  float decay) {
  for (int64_t c = 0; c < width; c++) {
    state[c] += gradient[c] * gradient[c];
    row[c] = row[c] * (1 - rate * decay)
      - rate * gradient[c] / (__builtin_sqrtf(state[c]) + epsilon);
  }
}

struct AdamFactors {
  float rate, beta1, beta2, epsilon, decay, first_correction, second_correction;
};

CT_CLONES void adam_row(
  float *row, float *first, float *second, const float *gradient, int64_t width, AdamFactors f) {
  const float rate = f.rate / f.first_correction;
  const float scale = 1 / __builtin_sqrtf(f.second_correction);
  for (int64_t c = 0; c < width; c++) {
    first[c] = f.beta1 * first[c] + (1 - f.beta1) * gradient[c];
    second[c] = f.beta2 * second[c] + (1 - f.beta2) * gradient[c] * gradient[c];
    row[c] = row[c] * (1 - f.rate * f.decay)
      - rate * first[c] / (__builtin_sqrtf(second[c]) * scale + f.epsilon);
  }
}

// The same with one second moment per row, of the mean square.
CT_CLONES void adam_row_shared(
  float *row, float *first, float *second, const float *gradient, int64_t width, AdamFactors f) {
  Floats partial = {};
  int64_t c = 0;
  for (; c + lanes <= width; c += lanes) {
    Floats g;
    load(gradient + c, g);
    partial += g * g;
  }
  float squares = float(sum_of(partial));
  for (; c < width; c++) squares += gradient[c] * gradient[c];
  *second = f.beta2 * *second + (1 - f.beta2) * squares / float(width);
  const float rate = f.rate / f.first_correction
    / (std::sqrt(*second / f.second_correction) + f.epsilon);
  for (c = 0; c < width; c++) {
    first[c] = f.beta1 * first[c] + (1 - f.beta1) * gradient[c];
    row[c] = row[c] * (1 - f.rate * f.decay) - rate * first[c];
  }
}

// A matrix with contiguous rows, checked.
struct Rows {
  float *base = nullptr;
  int64_t count = 0, width = 0, stride = 0;

  Rows(const at::Tensor &t, const char *name) {
    TORCH_CHECK(
      t.scalar_type() == at::kFloat && t.device().is_cpu() && t.layout() == at::kStrided, name,
      " must be a dense float32 tensor on the CPU");
    TORCH_CHECK(t.dim() == 1 || t.dim() == 2, name, " has ", t.dim(), " dimensions");
    TORCH_CHECK(t.size(-1) <= 1 || t.stride(-1) == 1, name, " must have rows of unit stride");
    base = static_cast<float *>(t.data_ptr());
    // For some zeros libtorch has not allocated memory.
    TORCH_CHECK(base || t.numel() == 0, name, " has no elements in memory; copy it first");
    count = t.dim() == 2 ? t.size(0) : 1;
    width = t.size(-1);
    stride = t.dim() == 2 ? t.stride(0) : width;
  }
  float *operator[](int64_t row) const { return base + row * stride; }
};

// The second matrix has the shape of the first; they may be the same.
Rows rows_like(const Rows &first, ct_tensor second, const char *name) {
  Rows rows(ct::shared(second), name);
  TORCH_CHECK(
    rows.count == first.count && rows.width == first.width, name, " is ", rows.count, " x ",
    rows.width, ", expected ", first.count, " x ", first.width);
  return rows;
}
template <class T>
T *vector_of(ct_tensor t, at::ScalarType type, int64_t count, const char *name) {
  auto tensor = ct::shared(t);
  TORCH_CHECK(
    tensor.scalar_type() == type && tensor.is_contiguous() && tensor.device().is_cpu()
      && tensor.numel() == count,
    name, " must be a contiguous ", type, " tensor of ", count, " elements on the CPU");
  return static_cast<T *>(tensor.data_ptr());
}
// About a microsecond of work per task.
int64_t grain(int64_t width) { return std::max<int64_t>(1, 8192 / std::max<int64_t>(1, width)); }

const int64_t *row_numbers(ct_tensor rows, int64_t count, int64_t limit) {
  const int64_t *numbers = vector_of<int64_t>(rows, at::kLong, count, "rows");
  for (int64_t i = 0; i < count; i++)
    TORCH_CHECK_INDEX(
      numbers[i] >= 0 && numbers[i] < limit, "row ", numbers[i], " is outside 0..<", limit);
  return numbers;
}
}  // namespace

namespace ct {
// left · rightᵀ (+ bias), by oneDNN if it applies: libtorch's matrix product is MKL's, which
// leaves half of an AMD processor's vector width unused. Not recorded for gradients.
int32_t product_with_transposed(
  ct_tensor left_, ct_tensor right_, ct_tensor bias_, ct_tensor *result) {
  CT_TRY
  static const auto linear =
    c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
  at::Tensor left = shared(left_), right = shared(right_), bias = shared(bias_);
  TORCH_CHECK(
    left.dim() == 2 && right.dim() == 2 && left.size(1) == right.size(1), "a product of ",
    left.sizes(), " with the transpose of ", right.sizes());
  // oneDNN would read past the end of a shorter bias.
  TORCH_CHECK(
    !bias.defined()
      || (bias.dim() == 1 && bias.size(0) == right.size(0)
          && bias.scalar_type() == right.scalar_type() && bias.device() == right.device()),
    "a bias of shape ", bias.sizes(), " for a product with the transpose of ", right.sizes());
  auto suits = [](const at::Tensor &t) {
    // For smaller matrices the lookup takes longer than the product.
    return t.scalar_type() == at::kFloat && t.device().is_cpu() && t.layout() == at::kStrided
      && t.size(0) >= 16 && t.size(1) >= 16;
  };
  at::NoGradGuard unrecorded;
  if (linear && suits(left) && suits(right)) {
    torch::jit::Stack stack;
    stack.emplace_back(left);
    stack.emplace_back(right);
    stack.emplace_back(bias.defined() ? c10::IValue(bias) : c10::IValue());
    stack.emplace_back(std::string("none"));
    stack.emplace_back(c10::List<std::optional<at::Scalar>>());
    stack.emplace_back(std::string());
    linear->callBoxed(stack);
    *result = owned(std::move(stack.front()).toTensor());
  } else {
    *result = owned(at::linear(left, right, bias.defined() ? std::optional(bias) : std::nullopt));
  }
  CT_END
}

// maximum[b] and sum[b] become those of the scores so far: logsumexp = maximum + log(sum).
// Milakov, Gimelshein. Online normalizer calculation for softmax. 2018. arXiv 1805.02867.
int32_t online_log_sum_exp(ct_tensor scores_, ct_tensor maximum_, ct_tensor sum_) {
  CT_TRY
  Rows scores(shared(scores_), "scores");
  float *maximum = vector_of<float>(maximum_, at::kFloat, scores.count, "maximum");
  double *sum = vector_of<double>(sum_, at::kDouble, scores.count, "sum");
  at::parallel_for(0, scores.count, grain(scores.width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) online_row(scores[r], scores.width, maximum + r, sum + r);
  });
  CT_END
}

// result[b, c] = scale[b] exp(scores[b, c] - shift[b]).
int32_t exp_scaled(ct_tensor scores_, ct_tensor shift_, ct_tensor scale_, ct_tensor result_) {
  CT_TRY
  Rows scores(shared(scores_), "scores"), result = rows_like(scores, result_, "result");
  float *shift = vector_of<float>(shift_, at::kFloat, scores.count, "shift");
  float *scale = vector_of<float>(scale_, at::kFloat, scores.count, "scale");
  at::parallel_for(0, scores.count, grain(scores.width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++)
      exp_row(scores[r], scores.width, shift[r], scale[r], result[r]);
  });
  count_write(result_);
  CT_END
}

// sum[b] += sum over c of log(1 + exp(scores[b, c])).
int32_t add_softplus(ct_tensor scores_, ct_tensor sum_) {
  CT_TRY
  Rows scores(shared(scores_), "scores");
  double *sum = vector_of<double>(sum_, at::kDouble, scores.count, "sum");
  at::parallel_for(0, scores.count, grain(scores.width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++) sum[r] += softplus_row(scores[r], scores.width);
  });
  CT_END
}

// result[b, c] = scale sigmoid(scores[b, c]).
int32_t sigmoid_scaled(ct_tensor scores_, double scale, ct_tensor result_) {
  CT_TRY
  Rows scores(shared(scores_), "scores"), result = rows_like(scores, result_, "result");
  at::parallel_for(0, scores.count, grain(scores.width), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; r++)
      sigmoid_row(scores[r], scores.width, float(scale), result[r]);
  });
  count_write(result_);
  CT_END
}

// Adagrad on the given rows only. `state` is [V] (one accumulator per row, of the mean square) or
// [V, D] (one per element). The rows must be distinct.
int32_t adagrad_rows(
  ct_tensor table_, ct_tensor state_, ct_tensor rows_, ct_tensor gradient_, double learning_rate,
  double epsilon, double weight_decay) {
  CT_TRY
  Rows table(shared(table_), "table"), gradient(shared(gradient_), "gradient");
  auto state_tensor = shared(state_);
  TORCH_CHECK(gradient.width == table.width, "gradient and table differ in width");
  const bool shared_state = state_tensor.dim() == 1;
  float *state = vector_of<float>(
    state_, at::kFloat, shared_state ? table.count : table.count * table.width, "state");
  const int64_t *rows = row_numbers(rows_, gradient.count, table.count);
  const int64_t width = table.width;
  at::parallel_for(0, gradient.count, grain(width), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t r = rows[i];
      // The rows of a batch are scattered over the table; no processor predicts where the next one
      // is.
      if (i + ahead < end) {
        const int64_t next = rows[i + ahead];
        __builtin_prefetch(state + next * (shared_state ? 1 : width), 1);
        for (int64_t c = 0; c < width; c += lanes) __builtin_prefetch(table[next] + c, 1);
      }
      if (shared_state)
        adagrad_row(
          table[r], state + r, gradient[i], width, float(learning_rate), float(epsilon),
          float(weight_decay));
      else
        adagrad_elements(
          table[r], state + r * width, gradient[i], width, float(learning_rate), float(epsilon),
          float(weight_decay));
    }
  });
  count_write(table_);
  CT_END
}

// Adam on the given rows only; the moments of the others are untouched ("lazy"). `second` is [V, D]
// or [V] (one per row, of the mean square). `step` counts from 1. The rows must be distinct.
int32_t adam_rows(
  ct_tensor table_, ct_tensor first_, ct_tensor second_, ct_tensor rows_, ct_tensor gradient_,
  int64_t step, double learning_rate, double beta1, double beta2, double epsilon,
  double weight_decay) {
  CT_TRY
  Rows table(shared(table_), "table"), first(shared(first_), "first"),
    gradient(shared(gradient_), "gradient");
  auto second_tensor = shared(second_);
  TORCH_CHECK(
    gradient.width == table.width && first.width == table.width && first.count == table.count,
    "table, moments and gradient differ in shape");
  const bool shared_second = second_tensor.dim() == 1;
  float *second = vector_of<float>(
    second_, at::kFloat, shared_second ? table.count : table.count * table.width, "second");
  const int64_t *rows = row_numbers(rows_, gradient.count, table.count);
  const int64_t width = table.width;
  const AdamFactors factors = {
    float(learning_rate),
    float(beta1),
    float(beta2),
    float(epsilon),
    float(weight_decay),
    float(1 - std::pow(beta1, double(step))),
    float(1 - std::pow(beta2, double(step)))};
  at::parallel_for(0, gradient.count, grain(width), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t r = rows[i];
      if (shared_second)
        adam_row_shared(table[r], first[r], second + r, gradient[i], width, factors);
      else
        adam_row(table[r], first[r], second + r * width, gradient[i], width, factors);
    }
  });
  count_write(table_);
  CT_END
}
}  // namespace ct
