// The C interface to the vector-search library, as seen from Swift.
//
// The library is not linked: `cs_load` opens the one that Scripts/setup compiled. Call nothing else
// before `cs_load`.
#pragma once
#include "csearch_types.h"

#define CS_FUNCTION(result, name, parameters, names) result (*name) parameters;
struct cs_table {
  int32_t version;
#include "csearch_functions.h"
};
#undef CS_FUNCTION

// Filled by cs_load, constant afterwards.
extern struct cs_table cs_functions;

// Opens the library: `path`, or if it is NULL the environment variable DECANT_SEARCH_LIBRARY, then
// the path compiled in, then ~/.cache/decant/libsearch.so. Returns NULL, or the reason for a
// failure. Not thread-safe: call it once, before anything else.
const char *cs_load(const char *path);

// The path of the library that is open.
const char *cs_library_path(void);

#define CS_FUNCTION(result, name, parameters, names) \
  static inline result cs_##name parameters { return cs_functions.name names; }
#include "csearch_functions.h"
#undef CS_FUNCTION
