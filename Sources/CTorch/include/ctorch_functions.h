// The functions of the C interface, each listed once: CT_FUNCTION(result, name, parameters, names).
// Included several times with different definitions of CT_FUNCTION (the table, the calls, the
// library's filling of the table), so that they cannot drift apart. Deliberately without an include
// guard.
//
// Functions that return int32_t return a ct_code unless a comment says otherwise; results are
// written through the last pointer.

// Errors. `last_error` is per thread; `take_error_payload` returns the payload that a failing
// callback stored with `set_callback_error`, once, or NULL.
CT_FUNCTION(const char *, last_error, (void), ())
CT_FUNCTION(void *, take_error_payload, (void), ())
CT_FUNCTION(void, set_callback_error, (const char *message, void *payload, ct_free release), (message, payload, release))

// The library.
CT_FUNCTION(const char *, torch_version, (void), ())
CT_FUNCTION(const char *, cpu_capability, (void), ())
CT_FUNCTION(int32_t, kernel_target, (const char **name), (name))  // the instruction set of the kernels
CT_FUNCTION(int32_t, set_thread_count, (int32_t count), (count))
CT_FUNCTION(int32_t, thread_count, (void), ())  // the number itself
CT_FUNCTION(int32_t, load_cuda, (const char *path), (path))
CT_FUNCTION(int32_t, cuda_device_count, (void), ())  // the number itself

// Operators.
CT_FUNCTION(int32_t, op_find, (const char *name, const char *overload, ct_op *result), (name, overload, result))
CT_FUNCTION(const char *, op_schema, (ct_op op), (op))
CT_FUNCTION(int32_t, op_argument_index, (ct_op op, const char *name), (op, name))  // -1: none
CT_FUNCTION(int32_t, call, (ct_op op, const ct_value *arguments, int32_t argument_count, ct_value *results, int32_t capacity, int32_t *result_count), (op, arguments, argument_count, results, capacity, result_count))
CT_FUNCTION(void, list_free, (ct_tensor *list), (list))

// Tensors. `tensor_copy` copies the bytes; `tensor_borrow` keeps the pointer and calls `release`
// exactly once: when the last reference is gone, or immediately if it fails.
CT_FUNCTION(int32_t, tensor_copy, (const void *bytes, const int64_t *sizes, int32_t dimensions, int32_t dtype, ct_tensor *result), (bytes, sizes, dimensions, dtype, result))
CT_FUNCTION(int32_t, tensor_borrow, (void *bytes, const int64_t *sizes, int32_t dimensions, int32_t dtype, ct_free release, void *context, ct_tensor *result), (bytes, sizes, dimensions, dtype, release, context, result))
CT_FUNCTION(void, tensor_retain, (ct_tensor tensor), (tensor))
CT_FUNCTION(void, tensor_release, (ct_tensor tensor), (tensor))
CT_FUNCTION(int64_t, tensor_use_count, (ct_tensor tensor), (tensor))
CT_FUNCTION(int32_t, tensor_data, (ct_tensor tensor, void **result), (tensor, result))
CT_FUNCTION(void, tensor_count_write, (ct_tensor tensor), (tensor))  // its elements were modified
CT_FUNCTION(int32_t, tensor_dimensions, (ct_tensor tensor), (tensor))  // the number itself
CT_FUNCTION(const int64_t *, tensor_sizes, (ct_tensor tensor), (tensor))
CT_FUNCTION(const int64_t *, tensor_strides, (ct_tensor tensor), (tensor))  // NULL when sparse
CT_FUNCTION(int64_t, tensor_element_count, (ct_tensor tensor), (tensor))
CT_FUNCTION(int32_t, tensor_dtype, (ct_tensor tensor), (tensor))  // the number itself
CT_FUNCTION(int32_t, tensor_layout, (ct_tensor tensor), (tensor))  // the number itself
CT_FUNCTION(int32_t, tensor_device_kind, (ct_tensor tensor), (tensor))  // the number itself
CT_FUNCTION(int32_t, tensor_device_index, (ct_tensor tensor), (tensor))  // the number itself
CT_FUNCTION(int32_t, tensor_is_contiguous, (ct_tensor tensor), (tensor))  // 0 or 1
CT_FUNCTION(int32_t, tensor_real, (ct_tensor tensor, double *result), (tensor, result))
CT_FUNCTION(int32_t, tensor_integer, (ct_tensor tensor, int64_t *result), (tensor, result))

// Gradients.
CT_FUNCTION(int32_t, tensor_requires_gradient, (ct_tensor tensor), (tensor))  // 0 or 1
CT_FUNCTION(int32_t, tensor_set_requires_gradient, (ct_tensor tensor, int32_t on), (tensor, on))
CT_FUNCTION(int32_t, tensor_gradient, (ct_tensor tensor, ct_tensor *result), (tensor, result))
CT_FUNCTION(int32_t, tensor_set_gradient, (ct_tensor tensor, ct_tensor gradient), (tensor, gradient))
CT_FUNCTION(int32_t, backward, (const ct_tensor *outputs, const ct_tensor *gradients, int32_t count, int32_t retain_graph, int32_t create_graph), (outputs, gradients, count, retain_graph, create_graph))
CT_FUNCTION(int32_t, gradients, (const ct_tensor *outputs, const ct_tensor *output_gradients, int32_t count, const ct_tensor *inputs, int32_t input_count, int32_t retain_graph, int32_t create_graph, int32_t allow_unused, ct_tensor *results), (outputs, output_gradients, count, inputs, input_count, retain_graph, create_graph, allow_unused, results))
CT_FUNCTION(int32_t, gradient_mode, (void), ())  // 0 or 1, this thread's
CT_FUNCTION(void, set_gradient_mode, (int32_t on), (on))
CT_FUNCTION(ct_guard, inference_enter, (void), ())
CT_FUNCTION(void, guard_leave, (ct_guard guard), (guard))

// Custom functions. The caller computes the outputs without recording; `custom_attach` makes them
// depend on `inputs` through `backward`. `release` is called with `context` exactly once.
CT_FUNCTION(int32_t, custom_attach, (const char *name, const ct_tensor *inputs, int32_t input_count, const ct_tensor *outputs, int32_t output_count, const ct_tensor *saved, int32_t saved_count, ct_backward_callback backward, void *context, ct_free release), (name, inputs, input_count, outputs, output_count, saved, saved_count, backward, context, release))
CT_FUNCTION(int32_t, node_saved, (ct_node node, int32_t index, ct_tensor *result), (node, index, result))
CT_FUNCTION(int32_t, node_needs_gradient, (ct_node node, int32_t index), (node, index))  // 0 or 1

// Random generators.
CT_FUNCTION(int32_t, generator_new, (int32_t device_kind, int32_t device_index, uint64_t seed, ct_generator *result), (device_kind, device_index, seed, result))
CT_FUNCTION(void, generator_release, (ct_generator generator), (generator))
CT_FUNCTION(int32_t, generator_state, (ct_generator generator, ct_tensor *result), (generator, result))
CT_FUNCTION(int32_t, generator_set_state, (ct_generator generator, ct_tensor state), (generator, state))

// Kernels that aten lacks. All but the first require float32 CPU tensors with rows of unit stride;
// they use libtorch's threads. See Interface/kernels.cpp.
CT_FUNCTION(int32_t, product_with_transposed, (ct_tensor left, ct_tensor right, ct_tensor bias, ct_tensor *result), (left, right, bias, result))
CT_FUNCTION(int32_t, online_log_sum_exp, (ct_tensor scores, ct_tensor maximum, ct_tensor sum), (scores, maximum, sum))
CT_FUNCTION(int32_t, exp_scaled, (ct_tensor scores, ct_tensor shift, ct_tensor scale, ct_tensor result), (scores, shift, scale, result))
CT_FUNCTION(int32_t, add_softplus, (ct_tensor scores, ct_tensor sum), (scores, sum))
CT_FUNCTION(int32_t, sigmoid_scaled, (ct_tensor scores, double scale, ct_tensor result), (scores, scale, result))
// The loop of the streaming losses, see Interface/blocks.cpp. `found` (float32 [E], or NULL)
// receives the scores of the cells; `hides` excludes them from the sums. `at_cells` (float32 [E])
// replaces the gradients of the cells' scores. `above` is NULL except for CT_SCORE_TAILS. The gradients of the queries (float32) are added to
// the existing values, those of labels and bias (float32) overwritten, times `upstream`; any may be
// NULL.
CT_FUNCTION(int32_t, score_kernels_suit, (ct_tensor model), (model))  // 0 or 1
CT_FUNCTION(int32_t, score_sums, (const ct_score_blocks *blocks, int32_t kind, double scalar, ct_tensor thresholds, ct_tensor results, ct_tensor found, int32_t hides, ct_tensor above), (blocks, kind, scalar, thresholds, results, found, hides, above))
// From the sums of CT_SCORE_TAILS with sharpness a and float64 cutoffs [B], into results, float64
// [3, B]: t such that the sigmoids of a (s + t) add up to places[r]; the logarithm of the sum of
// sigmoid(z) (1 - sigmoid(z)) there; and 1. Where the sums do not determine t to float32: a guess
// or NaN, 0 and 0.
CT_FUNCTION(int32_t, tail_thresholds, (ct_tensor tails, ct_tensor above, ct_tensor cutoffs, ct_tensor places, double sharpness, ct_tensor results), (tails, above, cutoffs, places, sharpness, results))
CT_FUNCTION(int32_t, score_gradients, (const ct_score_blocks *blocks, int32_t kind, double scalar, ct_tensor thresholds, ct_tensor scale, ct_tensor at_cells, double upstream, ct_tensor of_queries, ct_tensor of_labels, ct_tensor of_bias), (blocks, kind, scalar, thresholds, scale, at_cells, upstream, of_queries, of_labels, of_bias))
CT_FUNCTION(int32_t, adagrad_rows, (ct_tensor table, ct_tensor state, ct_tensor rows, ct_tensor gradient, double learning_rate, double epsilon, double weight_decay), (table, state, rows, gradient, learning_rate, epsilon, weight_decay))
CT_FUNCTION(int32_t, adam_rows, (ct_tensor table, ct_tensor first, ct_tensor second, ct_tensor rows, ct_tensor gradient, int64_t step, double learning_rate, double beta1, double beta2, double epsilon, double weight_decay), (table, first, second, rows, gradient, step, learning_rate, beta1, beta2, epsilon, weight_decay))
// The loops of the wide model over plain memory, in the calling thread, see Interface/wide.cpp:
// rows or features begin ..< end, labels first ..< last. Arguments are not checked.
CT_FUNCTION(void, wide_add, (const ct_pairs *pairs, const float *weights, const ct_bags *bags, int64_t begin, int64_t end, int64_t first, int64_t last, float *scores), (pairs, weights, bags, begin, end, first, last, scores))
CT_FUNCTION(void, wide_accumulate, (const ct_pairs *pairs, const ct_pair_rows *rows, const ct_holders *holders, int64_t begin, int64_t end, int64_t first, int64_t last, float scale, const float *slopes, float *gradient), (pairs, rows, holders, begin, end, first, last, scale, slopes, gradient))
CT_FUNCTION(void, wide_adagrad, (const ct_pair_rows *rows, int64_t begin, int64_t end, const float *gradient, float rate, float epsilon, float *sums, float *weights), (rows, begin, end, gradient, rate, epsilon, sums, weights))

// Sums and products over the entries of a sparse matrix, see Interface/sparse.cpp: float32 or float64
// matrices on the CPU. `weights`, `scores` and the results of the last two have a row for each entry
// and a column for each head; a row of `dense` has the heads one after the other.
CT_FUNCTION(int32_t, sparse_sums, (const ct_places *places, int64_t heads, ct_tensor weights, ct_tensor dense, ct_tensor result), (places, heads, weights, dense, result))
CT_FUNCTION(int32_t, sparse_products, (const ct_places *places, ct_tensor left, ct_tensor right, ct_tensor result), (places, left, right, result))
CT_FUNCTION(int32_t, sparse_softmax, (const ct_places *places, ct_tensor scores, ct_tensor result), (places, scores, result))

// Several processes that compute together, see Interface/collectives.cpp. Every rank calls the same
// functions in the same order; each waits for the others, at most as long as the group's timeout.
CT_FUNCTION(const char *, collectives_missing, (void), ())  // the reason why they are missing, or NULL
// `listener` is a listening socket that the server takes over, or -1 to listen at `port` (0: any).
CT_FUNCTION(int32_t, store_open, (const char *host, int32_t port, int32_t listener, int32_t serves, int64_t timeout_ms, ct_store *result, int32_t *bound_port), (host, port, listener, serves, timeout_ms, result, bound_port))
CT_FUNCTION(void, store_release, (ct_store store), (store))
CT_FUNCTION(int32_t, store_set, (ct_store store, const char *key, const void *bytes, int64_t count), (store, key, bytes, count))
// Waits until the key is there.
CT_FUNCTION(int32_t, store_get, (ct_store store, const char *key, int64_t timeout_ms, void *bytes, int64_t capacity, int64_t *count), (store, key, timeout_ms, bytes, capacity, count))
CT_FUNCTION(int32_t, store_add, (ct_store store, const char *key, int64_t amount, int64_t *result), (store, key, amount, result))
// `host` is this machine's address for the other ranks, or `interface` the network interface that has it.
CT_FUNCTION(int32_t, group_open, (ct_store store, const char *prefix, int32_t rank, int32_t size, const char *host, const char *interface, int64_t timeout_ms, ct_group *result), (store, prefix, rank, size, host, interface, timeout_ms, result))
CT_FUNCTION(void, group_release, (ct_group group), (group))
// Lets NCCL take the tensors on a CUDA device; `library` is libctorch_nccl.so. Without it they travel
// through the CPU's memory.
CT_FUNCTION(int32_t, group_use_cuda, (ct_group group, ct_store store, const char *prefix, const char *library, int32_t device, int64_t timeout_ms), (group, store, prefix, library, device, timeout_ms))
CT_FUNCTION(int32_t, group_reduce, (ct_group group, ct_tensor tensor, int32_t operation), (group, tensor, operation))
CT_FUNCTION(int32_t, group_gather, (ct_group group, ct_tensor tensor, ct_tensor result), (group, tensor, result))  // [...] to [ranks, ...]
CT_FUNCTION(int32_t, group_scatter_sum, (ct_group group, ct_tensor tensor, ct_tensor result), (group, tensor, result))  // [ranks, ...] to [...]
CT_FUNCTION(int32_t, group_broadcast, (ct_group group, ct_tensor tensor, int32_t root), (group, tensor, root))
CT_FUNCTION(int32_t, group_barrier, (ct_group group), (group))
