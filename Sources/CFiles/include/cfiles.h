// File operations that Swift lacks: writing a message in a signal handler, swapping two names; and
// the search for libraries that are opened at run time.
#pragma once
#include <stddef.h>

// Registers that `path` is mapped at `start`, for the handler below. Returns an entry to pass to
// cf_mapping_end before the memory is unmapped; NULL if memory is exhausted.
void *cf_mapping_begin(const void *start, size_t size, const char *path);
void cf_mapping_end(void *note);

// Installs a handler: reading a lost page of a mapped file ends the process with code 74 and a line
// on standard error that names the program and the file. Other bus errors end it as before.
void cf_report_lost_pages(const char *program);

// Swaps the names of two files or folders atomically. Returns 0, or -1 with errno set: EINVAL or
// ENOSYS if the file system does not support it.
int cf_exchange_names(const char *first, const char *second);

// A library that Scripts/setup provides and a program opens at run time.
struct cf_library {
  // Its file name.
  const char *name;
  // The path in the package that the program was built from.
  const char *path;
  // The environment variable that names another one.
  const char *variable;
};

// Writes the library's possible paths, in search order: only that of the environment variable if it
// is set; else ../lib/decant next to the program's folder, the path in the package, the folder decant
// in the user's cache ($XDG_CACHE_HOME, ~/.cache). Returns `path`, or NULL after the last.
const char *cf_library_candidate(
  const struct cf_library *library, int index, char *path, size_t size);

// Writes the path of the first candidate that can be read, or that of the environment variable, and
// returns 1; without one, writes all candidates and returns 0.
int cf_find_library(const struct cf_library *library, char *path, size_t size);
