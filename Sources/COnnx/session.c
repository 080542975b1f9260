// For strdup.
#define _POSIX_C_SOURCE 200809L

#include "runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local char message[4096];

struct co_session_s {
  void *session;
  void *memory;
  int32_t counts[2];
  // The names of the inputs, then of the outputs.
  char **names;
  co_shape *shapes;
};

const char *co_last_error(void) { return message; }

int co_failed(void *status) {
  if (!status) return 0;
  const char *text = ((const char *(*)(const void *))co_api[ERROR_MESSAGE])(status);
  snprintf(message, sizeof message, "%s", text ? text : "an error without a message");
  CO_RELEASE(RELEASE_STATUS, status);
  return 1;
}

static int fail(const char *text) {
  snprintf(message, sizeof message, "%s", text);
  return 1;
}

// Reads type and shape; frees nothing.
static int read_shape(void *info, co_shape *shape) {
  memset(shape, 0, sizeof *shape);
  int type = 0;
  size_t rank = 0;
  if (co_failed(CO_CALL(ELEMENT_TYPE, const void *, int *)(info, &type))) return 1;
  if (co_failed(CO_CALL(DIMENSION_COUNT, const void *, size_t *)(info, &rank))) return 1;
  if (rank > CO_MAXIMUM_RANK) return 0;
  if (co_failed(CO_CALL(DIMENSIONS, const void *, int64_t *, size_t)(info, shape->sizes, rank)))
    return 1;
  shape->type = type;
  shape->rank = (int32_t)rank;
  return 0;
}

static int describe(co_session session, int is_output, int32_t index) {
  void *allocator = NULL, *type = NULL;
  const void *info = NULL;
  char *name = NULL;
  const int32_t place = index + (is_output ? session->counts[0] : 0);
  if (co_failed(CO_CALL(DEFAULT_ALLOCATOR, void **)(&allocator))) return 1;
  if (co_failed(CO_CALL(is_output ? OUTPUT_NAME : INPUT_NAME, void *, size_t, void *, char **)(
        session->session, (size_t)index, allocator, &name)))
    return 1;
  session->names[place] = strdup(name ? name : "");
  if (name && co_failed(CO_CALL(FREE_WITH_ALLOCATOR, void *, void *)(allocator, name))) return 1;
  if (!session->names[place]) return fail("out of memory");
  if (co_failed(CO_CALL(is_output ? OUTPUT_TYPE : INPUT_TYPE, void *, size_t, void **)(
        session->session, (size_t)index, &type)))
    return 1;
  int failed = co_failed(CO_CALL(TENSOR_INFO_OF_TYPE, const void *, const void **)(type, &info));
  // Without information it is not a tensor, and its type stays 0.
  if (!failed && info) failed = read_shape((void *)info, &session->shapes[place]);
  CO_RELEASE(RELEASE_TYPE_INFO, type);
  return failed;
}

int32_t co_session_open(const char *path, int32_t threads, co_session *result) {
  *result = NULL;
  co_session session = calloc(1, sizeof *session);
  if (!session) return fail("out of memory");
  void *options = NULL;
  size_t inputs = 0, outputs = 0;
  int failed = co_failed(CO_CALL(CREATE_SESSION_OPTIONS, void **)(&options)) ||
    co_failed(CO_CALL(SET_THREADS, void *, int)(options, threads)) ||
    co_failed(CO_CALL(CREATE_SESSION, const void *, const char *, const void *, void **)(
      co_environment, path, options, &session->session)) ||
    co_failed(CO_CALL(CREATE_MEMORY_INFO, int, int, void **)(1, 0, &session->memory)) ||
    co_failed(CO_CALL(INPUT_COUNT, const void *, size_t *)(session->session, &inputs)) ||
    co_failed(CO_CALL(OUTPUT_COUNT, const void *, size_t *)(session->session, &outputs));
  if (options) CO_RELEASE(RELEASE_SESSION_OPTIONS, options);
  if (!failed && (inputs > 10000 || outputs > 10000))
    failed = fail("the graph has more than 10,000 inputs or outputs");
  if (!failed) {
    session->counts[0] = (int32_t)inputs;
    session->counts[1] = (int32_t)outputs;
    session->names = calloc(inputs + outputs + 1, sizeof *session->names);
    session->shapes = calloc(inputs + outputs + 1, sizeof *session->shapes);
    if (!session->names || !session->shapes) failed = fail("out of memory");
  }
  for (int is_output = 0; !failed && is_output < 2; is_output++)
    for (int32_t i = 0; !failed && i < session->counts[is_output]; i++)
      failed = describe(session, is_output, i);
  if (failed) {
    co_session_close(session);
    return 1;
  }
  *result = session;
  return 0;
}

void co_session_close(co_session session) {
  if (!session) return;
  if (session->session) CO_RELEASE(RELEASE_SESSION, session->session);
  if (session->memory) CO_RELEASE(RELEASE_MEMORY_INFO, session->memory);
  if (session->names)
    for (int32_t i = 0; i < session->counts[0] + session->counts[1]; i++) free(session->names[i]);
  free(session->names);
  free(session->shapes);
  free(session);
}

int32_t co_session_count(co_session session, int32_t is_output) {
  return session->counts[is_output ? 1 : 0];
}

int32_t co_session_describe(
  co_session session, int32_t is_output, int32_t index, const char **name, co_shape *shape) {
  if (index < 0 || index >= co_session_count(session, is_output)) return fail("no such place");
  const int32_t place = index + (is_output ? session->counts[0] : 0);
  *name = session->names[place];
  *shape = session->shapes[place];
  return 0;
}

// The number of bytes of an element; 0 for types that are not read here.
static size_t size_of(int32_t type) {
  switch (type) {
    case CO_FLOAT16: return 2;
    case CO_FLOAT32:
    case CO_INT32: return 4;
    case CO_INT64:
    case CO_FLOAT64: return 8;
    default: return 0;
  }
}

static int read_output(void *value, co_output *result) {
  void *info = NULL, *numbers = NULL;
  if (co_failed(CO_CALL(TENSOR_INFO, const void *, void **)(value, &info))) return 1;
  const int failed = read_shape(info, &result->shape);
  CO_RELEASE(RELEASE_TENSOR_INFO, info);
  if (failed) return 1;
  size_t count = size_of(result->shape.type);
  if (!count) return fail("the output is not a tensor of real numbers");
  for (int32_t i = 0; i < result->shape.rank; i++)
    if (__builtin_mul_overflow(count, (size_t)result->shape.sizes[i], &count))
      return fail("the output is too large");
  if (co_failed(CO_CALL(TENSOR_DATA, void *, void **)(value, &numbers))) return 1;
  result->numbers = numbers;
  result->byte_count = count;
  return 0;
}

int32_t co_session_run(
  co_session session, const co_input *inputs, int32_t count, const char *output,
  co_output *result) {
  memset(result, 0, sizeof *result);
  const char **names = calloc((size_t)count + 1, sizeof *names);
  void **values = calloc((size_t)count + 1, sizeof *values);
  int failed = !names || !values ? fail("out of memory") : 0;
  for (int32_t i = 0; !failed && i < count; i++) {
    names[i] = inputs[i].name;
    failed = co_failed(
      CO_CALL(CREATE_TENSOR_WITH_DATA, const void *, void *, size_t, const int64_t *, size_t, int,
        void **)(session->memory, inputs[i].numbers, inputs[i].byte_count, inputs[i].shape.sizes,
        (size_t)inputs[i].shape.rank, inputs[i].shape.type, &values[i]));
  }
  if (!failed)
    failed = co_failed(
      CO_CALL(RUN, void *, const void *, const char *const *, const void *const *, size_t,
        const char *const *, size_t, void **)(session->session, NULL, names,
        (const void *const *)values, (size_t)count, &output, 1, &result->value));
  if (!failed) failed = read_output(result->value, result);
  if (failed) co_output_free(result);
  if (values)
    for (int32_t i = 0; i < count; i++)
      if (values[i]) CO_RELEASE(RELEASE_VALUE, values[i]);
  free(names);
  free(values);
  return failed;
}

void co_output_free(co_output *output) {
  if (output->value) CO_RELEASE(RELEASE_VALUE, output->value);
  memset(output, 0, sizeof *output);
}
