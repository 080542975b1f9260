// Types of the C interface to libtorch, shared by the loader (C), the interface library (C++) and
// Swift. See ctorch.h for the functions.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Increment it with every change of a type or function here, so that a library compiled from other
// sources is rejected instead of called with the wrong arguments.
#define CT_INTERFACE_VERSION 11

// One strong reference to a libtorch tensor, released by `tensor_release`.
typedef struct ct_tensor_s *ct_tensor;
// An operator of the dispatcher, looked up once; valid until the process ends.
typedef struct ct_op_s *ct_op;
// A node of the gradient graph; borrowed, valid only during its backward callback.
typedef struct ct_node_s *ct_node;
// A random generator, released by `generator_release`.
typedef struct ct_generator_s *ct_generator;
// A mode of the current thread that lasts until `guard_leave`.
typedef struct ct_guard_s *ct_guard;

// The key-value store in which processes meet, released by `store_release`.
typedef struct ct_store_s *ct_store;
// The processes that compute together, released by `group_release`.
typedef struct ct_group_s *ct_group;

// The kind of error; 0 is success. The message is in `last_error` of the same thread.
typedef enum ct_code {
  CT_OK = 0,
  CT_ERROR = 1,
  CT_ERROR_INDEX = 2,
  CT_ERROR_VALUE = 3,
  CT_ERROR_TYPE = 4,
  CT_ERROR_NOT_IMPLEMENTED = 5,
  CT_ERROR_OUT_OF_MEMORY = 6,
  CT_ERROR_CALLBACK = 7
} ct_code;

// How `group_reduce` joins the tensors of all ranks.
typedef enum ct_reduction { CT_REDUCE_SUM = 0, CT_REDUCE_MAXIMUM = 1 } ct_reduction;

typedef enum ct_tag {
  CT_NONE = 0,
  CT_TENSOR = 1,
  CT_INT = 2,
  CT_DOUBLE = 3,
  CT_BOOL = 4,
  CT_STRING = 5,
  CT_INTS = 6,
  CT_DOUBLES = 7,
  CT_BOOLS = 8,
  CT_TENSORS = 9,
  CT_OPTIONAL_TENSORS = 10,
  CT_DEVICE = 11,
  CT_GENERATOR = 12,
  CT_DEFAULT = 13
} ct_tag;

// One argument or result of an operator. A CT_DOUBLE in place of a tensor is a number that takes
// the type of the first argument.
typedef struct ct_value {
  int32_t tag;
  // The length of a list; the index of a device (-1: the current one).
  int32_t count;
  union {
    ct_tensor tensor;
    int64_t integer;
    double real;
    const char *string;
    const int64_t *integers;
    const double *reals;
    const uint8_t *booleans;
    // Borrowed in an argument; owned in a result, where `list_free` frees the list.
    ct_tensor *tensors;
    ct_generator generator;
  } as;
} ct_value;

// The scores of all queries [B, D] and labels [L, D], plus `bias` [L] and `offset` [B, L], float32,
// if those are not NULL; the scores' gradients are written over `offset`. Labels are processed in
// blocks of `block`, a multiple of `tile`, which is at most 64. Cell i of a tile t,
// offsets[t] <= i < offsets[t + 1], is in row rows[i], and positions[i] counts the scores of the
// tile in row-major order; all three are int64, rows ascend within a tile.
typedef struct ct_score_blocks {
  ct_tensor queries, labels, bias, offset;
  ct_tensor cell_rows, cell_positions, cell_offsets;
  int64_t tile, block;
} ct_score_blocks;

// The function applied to the scores of a row r. "Sums" are float64 [K, B], added to existing
// values.
typedef enum ct_score_kind {
  // Sums: m and sum of exp(s - m) for a number m near the largest score. Gradients:
  // scale[r] exp(s - thresholds[r]), both float32.
  CT_SCORE_EXPONENTIALS = 0,
  // Sum of log(1 + e^s); scalar sigmoid(s).
  CT_SCORE_SOFTPLUS = 1,
  // Sum of max(0, s + 1)^2; scalar max(0, s + 1).
  CT_SCORE_SQUARED_HINGE = 2,
  // The number of scores above minus infinity, their minimum and maximum, then m and sum as
  // above for scalar s. No gradients.
  CT_SCORE_BOUNDS = 3,
  // With z = scalar (s + thresholds[r]), float64, and v = sigmoid(z) (1 - sigmoid(z)): the number
  // of z > 0, the sums of sigmoid(z) over z <= 0, of sigmoid(-z) over z > 0, of v, and of
  // v (1 - 2 sigmoid(z)). Gradients: scale[r] v.
  CT_SCORE_SIGMOID_SUMS = 4,
  // The maxima of 64 parts of the scores in every scalar-th tile, which are -infinity for no score.
  // No gradients.
  CT_SCORE_PEAKS = 5,
  // With y = exp(scalar (s - thresholds[r])), whose threshold is a float32 in float64: the sums of
  // y, y², y³ and y⁴ over the scores that are not above it, and the number of the others, which
  // are appended to `above` (float32 [B, limit]) while there is room. No gradients.
  CT_SCORE_TAILS = 6
} ct_score_kind;

// The (feature, label) pairs of a wide model: feature f has the pairs offsets[f] ..<
// offsets[f + 1], whose labels ascend and are in 0 ..< label_count.
typedef struct ct_pairs {
  const int64_t *offsets;
  const int32_t *labels;
  int64_t label_count;
} ct_pairs;

// Bags of features, one per row; without values each feature counts 1.
typedef struct ct_bags {
  const int64_t *offsets;
  const int32_t *features;
  const float *values;
} ct_bags;

// The bags that contain each feature of a batch; without values each counts 1.
typedef struct ct_holders {
  const int32_t *offsets, *bags;
  const float *values;
} ct_holders;

// The pairs of a batch's features: those of feature number n start at pairs[n] in the model and
// have the indices places[n] ..< places[n + 1] in the gradient.
typedef struct ct_pair_rows {
  const int64_t *pairs, *places;
} ct_pair_rows;

// The places of a sparse matrix's entries: offsets int64 [rows + 1], columns int32 [E], and, unless
// NULL, order int32 [E]: the position of each entry among the values.
typedef struct ct_places {
  ct_tensor offsets, columns, order;
  int64_t column_count;
} ct_places;

// The backward closure of a custom function. `gradients` are borrowed and may hold NULL (no
// gradient reaches that output); `results` receive owned references or NULL. Any value but 0 means
// that `set_callback_error` has been called on this thread; the whole backward pass then fails with
// it.
typedef int32_t (*ct_backward_callback)(
  void *context, ct_node node, const ct_tensor *gradients, int32_t gradient_count,
  ct_tensor *results, int32_t result_count);
typedef void (*ct_free)(void *context);
