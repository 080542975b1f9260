#include "csearch.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef CSEARCH_DEFAULT_LIBRARY
#define CSEARCH_DEFAULT_LIBRARY ".deps/libsearch.so"
#endif

struct cs_table cs_functions;

static char reason[4096];
static const char *advice =
  "run Scripts/setup in Decant's folder, or set DECANT_SEARCH_LIBRARY to a libsearch.so; exact "
  "search works without it";

static const char *open_at(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(reason, sizeof reason, "cannot load the search library: %s; %s", dlerror(), advice);
    return reason;
  }
  const struct cs_table *(*table)(void);
  *(void **)&table = dlsym(library, "cs_interface");
  if (!table) {
    snprintf(reason, sizeof reason, "%s is not an interface to the search library; %s", path, advice);
    return reason;
  }
  if (table()->version != CS_INTERFACE_VERSION) {
    snprintf(reason, sizeof reason, "%s has interface version %d, this program needs %d; %s", path,
      table()->version, CS_INTERFACE_VERSION, advice);
    return reason;
  }
  cs_functions = *table();
  return NULL;
}

const char *cs_load(const char *path) {
  if (!path) path = getenv("DECANT_SEARCH_LIBRARY");
  if (path && *path) return open_at(path);
  if (access(CSEARCH_DEFAULT_LIBRARY, R_OK) == 0) return open_at(CSEARCH_DEFAULT_LIBRARY);
  const char *home = getenv("HOME");
  char cached[2048];
  snprintf(cached, sizeof cached, "%s/.cache/decant/libsearch.so", home ? home : "");
  if (access(cached, R_OK) == 0) return open_at(cached);
  snprintf(reason, sizeof reason, "the search library is not set up: neither %s nor %s exists; %s",
    CSEARCH_DEFAULT_LIBRARY, cached, advice);
  return reason;
}
