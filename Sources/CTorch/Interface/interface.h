// Declarations shared by the sources of the interface library: handles and exception handling.
#pragma once
#include <ATen/core/Tensor.h>

#include <exception>
#include <memory>
#include <string>

#include "../include/ctorch_types.h"

#define CT_FUNCTION(result, name, parameters, names) result (*name) parameters;
extern "C" struct ct_table {
  int32_t version;
#include "../include/ctorch_functions.h"
};
#undef CT_FUNCTION

#define CT_TRY try {
#define CT_END \
  return CT_OK; \
  } \
  catch (...) { \
    return ct::report(std::current_exception()); \
  }

namespace ct {
// Stores the message for `last_error` and returns the ct_code.
int32_t report(std::exception_ptr caught) noexcept;

inline c10::TensorImpl *implementation(ct_tensor t) {
  return reinterpret_cast<c10::TensorImpl *>(t);
}
// Another reference to the same tensor; undefined for NULL.
inline at::Tensor shared(ct_tensor t) {
  if (!t) return {};
  return at::Tensor(
    c10::intrusive_ptr<c10::TensorImpl>::unsafe_reclaim_from_nonowning(implementation(t)));
}
// Takes ownership of a reference returned by `owned`; undefined for NULL.
inline at::Tensor adopted(ct_tensor t) {
  if (!t) return {};
  return at::Tensor(c10::intrusive_ptr<c10::TensorImpl>::reclaim(implementation(t)));
}
// Passes a reference to the caller; NULL for an undefined tensor.
inline ct_tensor owned(at::Tensor &&t) {
  return t.defined() ? reinterpret_cast<ct_tensor>(t.unsafeReleaseTensorImpl()) : nullptr;
}
// The handle without a new reference.
inline ct_tensor borrowed(const at::Tensor &t) {
  return t.defined() ? reinterpret_cast<ct_tensor>(t.unsafeGetTensorImpl()) : nullptr;
}
// Marks the elements as modified: a backward pass that needs the old ones then fails.
inline void count_write(ct_tensor t) {
  if (!implementation(t)->is_inference()) implementation(t)->bump_version();
}

// Kernels, in kernels.cpp.
int32_t product_with_transposed(
  ct_tensor left, ct_tensor right, ct_tensor bias, ct_tensor *result);
int32_t online_log_sum_exp(ct_tensor scores, ct_tensor maximum, ct_tensor sum);
int32_t exp_scaled(ct_tensor scores, ct_tensor shift, ct_tensor scale, ct_tensor result);
int32_t add_softplus(ct_tensor scores, ct_tensor sum);
int32_t sigmoid_scaled(ct_tensor scores, double scale, ct_tensor result);
int32_t adagrad_rows(
  ct_tensor table, ct_tensor state, ct_tensor rows, ct_tensor gradient, double learning_rate,
  double epsilon, double weight_decay);
int32_t adam_rows(
  ct_tensor table, ct_tensor first, ct_tensor second, ct_tensor rows, ct_tensor gradient,
  int64_t step, double learning_rate, double beta1, double beta2, double epsilon,
  double weight_decay);

// The loop of the streaming losses, in blocks.cpp.
int32_t kernel_target(const char **name);
int32_t score_kernels_suit(ct_tensor model);
int32_t score_sums(
  const ct_score_blocks *blocks, int32_t kind, double scalar, ct_tensor thresholds,
  ct_tensor results, ct_tensor found, int32_t hides, ct_tensor above);
// In thresholds.cpp.
int32_t tail_thresholds(
  ct_tensor tails, ct_tensor above, ct_tensor cutoffs, ct_tensor places, double sharpness,
  ct_tensor results);
int32_t score_gradients(
  const ct_score_blocks *blocks, int32_t kind, double scalar, ct_tensor thresholds,
  ct_tensor scale, ct_tensor at_cells, double upstream, ct_tensor of_queries,
  ct_tensor of_labels, ct_tensor of_bias);

// Several processes, in collectives.cpp.
const char *collectives_missing();
int32_t store_open(
  const char *host, int32_t port, int32_t listener, int32_t serves, int64_t timeout_ms,
  ct_store *result, int32_t *bound_port);
void store_release(ct_store store);
int32_t store_set(ct_store store, const char *key, const void *bytes, int64_t count);
int32_t store_get(
  ct_store store, const char *key, int64_t timeout_ms, void *bytes, int64_t capacity,
  int64_t *count);
int32_t store_add(ct_store store, const char *key, int64_t amount, int64_t *result);
int32_t group_open(
  ct_store store, const char *prefix, int32_t rank, int32_t size, const char *host,
  const char *interface, int64_t timeout_ms, ct_group *result);
void group_release(ct_group group);
int32_t group_use_cuda(
  ct_group group, ct_store store, const char *prefix, const char *library, int32_t device,
  int64_t timeout_ms);
int32_t group_reduce(ct_group group, ct_tensor tensor, int32_t operation);
int32_t group_gather(ct_group group, ct_tensor tensor, ct_tensor result);
int32_t group_scatter_sum(ct_group group, ct_tensor tensor, ct_tensor result);
int32_t group_broadcast(ct_group group, ct_tensor tensor, int32_t root);
int32_t group_barrier(ct_group group);

// Sparse sums and products, in sparse.cpp.
int32_t sparse_sums(
  const ct_places *places, int64_t heads, ct_tensor weights, ct_tensor dense, ct_tensor result);
int32_t sparse_products(
  const ct_places *places, ct_tensor left, ct_tensor right, ct_tensor result);
int32_t sparse_softmax(const ct_places *places, ct_tensor scores, ct_tensor result);

// The loops of the wide model, in wide.cpp.
void wide_add(
  const ct_pairs *pairs, const float *weights, const ct_bags *bags, int64_t begin, int64_t end,
  int64_t first, int64_t last, float *scores);
void wide_accumulate(
  const ct_pairs *pairs, const ct_pair_rows *rows, const ct_holders *holders, int64_t begin,
  int64_t end, int64_t first, int64_t last, float scale, const float *slopes, float *gradient);
void wide_adagrad(
  const ct_pair_rows *rows, int64_t begin, int64_t end, const float *gradient, float rate,
  float epsilon, float *sums, float *weights);
}  // namespace ct
