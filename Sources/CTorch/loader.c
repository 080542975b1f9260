#define _GNU_SOURCE
#include "ctorch.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef CTORCH_DEFAULT_LIBRARY
#define CTORCH_DEFAULT_LIBRARY ".deps/libctorch.so"
#endif

struct ct_table ct_functions;

static char reason[4096];
static const char *advice =
  "run Scripts/setup in Decant's folder, or set DECANT_TORCH_LIBRARY to a libctorch.so";

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

const char *ct_library_candidate(int index, char *path, size_t size) {
  const char *chosen = getenv("DECANT_TORCH_LIBRARY");
  if (chosen && *chosen) {
    if (index > 0) return NULL;
    snprintf(path, size, "%s", chosen);
    return path;
  }
  char own[2048];
  ssize_t length;
  char *end;
  const char *home = getenv("HOME");
  switch (index) {
  case 0:
    // Next to an installed program: …/bin/decant has …/lib/decant/libctorch.so.
    length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length > 0 ? length : 0] = 0;
    for (int level = 0; level < 2; level++) {
      end = strrchr(own, '/');
      if (end) *end = 0;
    }
    snprintf(path, size, "%s/lib/decant/libctorch.so", own);
    return path;
  case 1:
    snprintf(path, size, "%s", CTORCH_DEFAULT_LIBRARY);
    return path;
  case 2:
    snprintf(path, size, "%s/.cache/decant/libctorch.so", home ? home : "");
    return path;
  default:
    return NULL;
  }
}

const char *ct_load(const char *path) {
  if (path) return open_at(path);
  const char *chosen = getenv("DECANT_TORCH_LIBRARY");
  char candidate[4096], missing[3072] = "";
  for (int index = 0; ct_library_candidate(index, candidate, sizeof candidate); index++) {
    if ((chosen && *chosen) || access(candidate, R_OK) == 0) return open_at(candidate);
    size_t used = strlen(missing);
    snprintf(missing + used, sizeof missing - used, "%s%s", used ? ", " : "", candidate);
  }
  snprintf(reason, sizeof reason, "libtorch is not set up: none of %s exists; %s", missing, advice);
  return reason;
}

static _Thread_local struct ct_checked checked_scopes;
struct ct_checked *ct_checked_scopes(void) { return &checked_scopes; }
