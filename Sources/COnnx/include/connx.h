// The C interface to ONNX Runtime, as seen from Swift.
//
// The library is not linked: `co_load` opens the one that Scripts/setup downloaded. Call nothing else
// before `co_load`. Functions that return int32_t return 0, or another number on failure, when the
// reason is in `co_last_error` of the same thread.
#pragma once
#include <stddef.h>
#include <stdint.h>

// A model that is ready to run; `co_session_close` frees it. Several threads may run it at once.
typedef struct co_session_s *co_session;

// The largest number of dimensions of an input or output.
#define CO_MAXIMUM_RANK 8

// Types of elements, numbered as in ONNX (TensorProto.DataType).
typedef enum co_type {
  CO_FLOAT32 = 1, CO_INT32 = 6, CO_INT64 = 7, CO_FLOAT16 = 10, CO_FLOAT64 = 11
} co_type;

// A tensor's type and shape: sizes, -1 where they are free.
typedef struct co_shape {
  int32_t type, rank;
  int64_t sizes[CO_MAXIMUM_RANK];
} co_shape;

// An input: its name, its type and shape, and its numbers, which stay the caller's.
typedef struct co_input {
  const char *name;
  co_shape shape;
  void *numbers;
  size_t byte_count;
} co_input;

// An output: its type and shape, and its numbers until `co_output_free`.
typedef struct co_output {
  co_shape shape;
  const void *numbers;
  size_t byte_count;
  void *value;
} co_output;

// Opens the library: `path`, or if it is NULL the environment variable DECANT_ONNXRUNTIME, then the
// path compiled in, then ~/.cache/decant/libonnxruntime.so. Returns NULL, or the reason for a
// failure. Not thread-safe: call it once, before anything else.
const char *co_load(const char *path);

// The path of the library that is open, and its version.
const char *co_library_path(void);
const char *co_library_version(void);
const char *co_last_error(void);

// Opens a model file, with files of external data next to it.
int32_t co_session_open(const char *path, int32_t threads, co_session *result);
void co_session_close(co_session session);
// The number of inputs, or of outputs.
int32_t co_session_count(co_session session, int32_t is_output);
// The name, valid as long as the session, and the declared type and shape of an input or output.
// Things other than tensors, and tensors of more dimensions, have type 0.
int32_t co_session_describe(
  co_session session, int32_t is_output, int32_t index, const char **name, co_shape *shape);
// Computes one output.
int32_t co_session_run(
  co_session session, const co_input *inputs, int32_t count, const char *output, co_output *result);
void co_output_free(co_output *output);
