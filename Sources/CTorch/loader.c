#define _GNU_SOURCE
#include "ctorch.h"

#include "cfiles.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef CTORCH_DEFAULT_LIBRARY
#define CTORCH_DEFAULT_LIBRARY ".deps/libctorch.so"
#endif

struct ct_table ct_functions;

static char reason[8192];
static const char *advice =
  "run Scripts/setup in Decant's folder, or swift package decant-setup in a package that uses it, or "
  "set DECANT_TORCH_LIBRARY to a libctorch.so";

static const char *open_at(const char *path) {
  // libtorch's threads spin by default while they wait for each other. If other processes need the
  // processors, a step of small operators then takes tens of times as long. The OpenMP library
  // reads the variable when it is loaded; a value set by the user is kept.
  setenv("OMP_WAIT_POLICY", "passive", 0);
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(reason, sizeof reason, "cannot load libtorch: %s; %s", dlerror(), advice);
    return reason;
  }
  const struct ct_table *(*table)(void);
  *(void **)&table = dlsym(library, "ct_interface");
  if (!table) {
    snprintf(reason, sizeof reason, "%s is not an interface to libtorch; %s", path, advice);
    return reason;
  }
  if (table()->version != CT_INTERFACE_VERSION) {
    snprintf(reason, sizeof reason, "%s has interface version %d, this program needs %d; %s", path,
      table()->version, CT_INTERFACE_VERSION, advice);
    return reason;
  }
  ct_functions = *table();
  return NULL;
}

static const struct cf_library library = {
  "libctorch.so", CTORCH_DEFAULT_LIBRARY, "DECANT_TORCH_LIBRARY"};

const char *ct_library_candidate(int index, char *path, size_t size) {
  return cf_library_candidate(&library, index, path, size);
}

const char *ct_load(const char *path) {
  if (path) return open_at(path);
  char found[6144];
  if (cf_find_library(&library, found, sizeof found)) return open_at(found);
  snprintf(reason, sizeof reason, "libtorch is not set up: none of %s exists; %s", found, advice);
  return reason;
}

static _Thread_local struct ct_checked checked_scopes;
struct ct_checked *ct_checked_scopes(void) { return &checked_scopes; }
