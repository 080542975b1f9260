// Types of the C interface to the vector-search library, shared by the loader (C), the interface
// library (C++) and Swift. See csearch.h for the functions.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Increment it with every change of a type or function here, so that a library compiled from other
// sources is rejected instead of called with the wrong arguments.
#define CS_INTERFACE_VERSION 3

// A graph over the rows of a table; `graph_free` frees it.
typedef struct cs_graph_s *cs_graph;

// The kind of error; 0 is success. The message is in `last_error` of the same thread.
typedef enum cs_code { CS_OK = 0, CS_ERROR = 1, CS_ERROR_OUT_OF_MEMORY = 2 } cs_code;

typedef enum cs_scalar { CS_FLOAT32 = 0, CS_FLOAT16 = 1, CS_INT8 = 2 } cs_scalar;

// The head before the numbers of each row. A vector is `scale` times the row's numbers; `bias` is
// added to its scores. `complement` brings all rows, with their biases, to the same length; the
// graph compares rows with it, queries ignore it.
typedef struct cs_row_head {
  float scale, bias, complement;
  uint32_t is_removed;
} cs_row_head;

// A table of vectors, row r at `base + r * stride`: a head, then `dimension` numbers.
typedef struct cs_rows {
  const void *base;
  int64_t stride, count;
  int32_t dimension, scalar;
} cs_rows;

// Instruction sets that multiply codes; each includes the ones before it.
typedef enum cs_instructions {
  CS_PORTABLE = 0, CS_AVX2 = 1, CS_AVX512 = 2, CS_AMX = 3
} cs_instructions;

// Receives the candidates of one query, by ascending row; `count` is -1 if there were too many.
typedef void (*cs_take)(int64_t query, const int32_t *rows, int64_t count, void *context);

// Writes bytes; returns 0 on failure.
typedef int32_t (*cs_write)(const void *bytes, size_t count, void *context);
