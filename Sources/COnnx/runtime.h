// The functions of ONNX Runtime's table that are called here, by their place in it.
//
// The places of version 1 never change:
// <https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_c_api.h>.
#pragma once
#include "connx.h"

enum co_place {
  ERROR_MESSAGE = 2,
  CREATE_ENVIRONMENT = 3,
  CREATE_SESSION = 7,
  RUN = 9,
  CREATE_SESSION_OPTIONS = 10,
  SET_THREADS = 24,
  INPUT_COUNT = 30,
  OUTPUT_COUNT = 31,
  INPUT_TYPE = 33,
  OUTPUT_TYPE = 34,
  INPUT_NAME = 36,
  OUTPUT_NAME = 37,
  CREATE_TENSOR_WITH_DATA = 49,
  TENSOR_DATA = 51,
  TENSOR_INFO_OF_TYPE = 55,
  ELEMENT_TYPE = 60,
  DIMENSION_COUNT = 61,
  DIMENSIONS = 62,
  TENSOR_INFO = 65,
  CREATE_MEMORY_INFO = 69,
  FREE_WITH_ALLOCATOR = 76,
  DEFAULT_ALLOCATOR = 78,
  RELEASE_STATUS = 93,
  RELEASE_MEMORY_INFO = 94,
  RELEASE_SESSION = 95,
  RELEASE_VALUE = 96,
  RELEASE_TYPE_INFO = 98,
  RELEASE_TENSOR_INFO = 99,
  RELEASE_SESSION_OPTIONS = 100,
};

// Filled by co_load, constant afterwards.
extern const void *const *co_api;
extern void *co_environment;

// A function of the table that returns a status, with its parameters' types.
#define CO_CALL(place, ...) ((void *(*)(__VA_ARGS__))co_api[place])
// A function that frees something.
#define CO_RELEASE(place, thing) (((void (*)(void *))co_api[place])(thing))

// Whether a status is a failure; keeps its message and frees it.
int co_failed(void *status);
