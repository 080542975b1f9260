#include "runtime.h"

#include "cfiles.h"
#include <dlfcn.h>
#include <stdio.h>

#ifndef CONNX_DEFAULT_LIBRARY
#define CONNX_DEFAULT_LIBRARY ".deps/libonnxruntime.so"
#endif

const void *const *co_api;
void *co_environment;

static char reason[8192];
static char opened[2048];
static const char *version = "";
static const char *advice =
  "run Scripts/setup in Decant's folder, or swift package decant-setup in a package that uses it, or "
  "set DECANT_ONNXRUNTIME to a libonnxruntime.so; BERT encoders with a model.safetensors work without "
  "it";

// What the library offers under its one exported name.
struct base {
  const void *const *(*api)(uint32_t version);
  const char *(*version)(void);
};

static const char *open_at(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(reason, sizeof reason, "cannot load ONNX Runtime: %s; %s", dlerror(), advice);
    return reason;
  }
  const struct base *(*get)(void);
  *(void **)&get = dlsym(library, "OrtGetApiBase");
  const struct base *base = get ? get() : NULL;
  // Tables of later versions begin with that of version 1, which has all that is called here.
  co_api = base ? base->api(1) : NULL;
  if (!co_api) {
    snprintf(reason, sizeof reason, "%s is not ONNX Runtime; %s", path, advice);
    return reason;
  }
  version = base->version();
  snprintf(opened, sizeof opened, "%s", path);
  // Only fatal messages are printed: errors come back as text.
  if (co_failed(CO_CALL(CREATE_ENVIRONMENT, int, const char *, void **)(
        4, "decant", &co_environment))) {
    snprintf(reason, sizeof reason, "ONNX Runtime does not start: %s", co_last_error());
    return reason;
  }
  return NULL;
}

static const struct cf_library library = {
  "libonnxruntime.so", CONNX_DEFAULT_LIBRARY, "DECANT_ONNXRUNTIME"};

const char *co_load(const char *path) {
  if (path && *path) return open_at(path);
  char found[6144];
  if (cf_find_library(&library, found, sizeof found)) return open_at(found);
  snprintf(reason, sizeof reason, "ONNX Runtime is not set up: none of %s exists; %s", found, advice);
  return reason;
}

const char *co_library_path(void) { return opened; }
const char *co_library_version(void) { return version; }
