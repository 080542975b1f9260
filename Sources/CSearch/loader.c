#include "csearch.h"

#include "cfiles.h"
#include <dlfcn.h>
#include <stdio.h>

#ifndef CSEARCH_DEFAULT_LIBRARY
#define CSEARCH_DEFAULT_LIBRARY ".deps/libsearch.so"
#endif

struct cs_table cs_functions;

static char reason[8192];
static char opened[6144];
static const char *advice =
  "run Scripts/setup in Decant's folder, or swift package decant-setup in a package that uses it, or "
  "set DECANT_SEARCH_LIBRARY to a libsearch.so; exact search works without it";

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
  snprintf(opened, sizeof opened, "%s", path);
  return NULL;
}

static const struct cf_library library = {
  "libsearch.so", CSEARCH_DEFAULT_LIBRARY, "DECANT_SEARCH_LIBRARY"};

const char *cs_load(const char *path) {
  if (path && *path) return open_at(path);
  char found[6144];
  if (cf_find_library(&library, found, sizeof found)) return open_at(found);
  snprintf(reason, sizeof reason, "the search library is not set up: none of %s exists; %s", found,
    advice);
  return reason;
}

const char *cs_library_path(void) { return opened; }
