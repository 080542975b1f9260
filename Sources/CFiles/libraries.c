#define _GNU_SOURCE
#include "cfiles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *cf_library_candidate(
  const struct cf_library *library, int index, char *path, size_t size) {
  const char *chosen = getenv(library->variable);
  if (chosen && *chosen) {
    if (index > 0) return NULL;
    snprintf(path, size, "%s", chosen);
    return path;
  }
  char own[2048];
  ssize_t length;
  char *end;
  const char *cache, *home;
  switch (index) {
  case 0:
    // Next to an installed program: …/bin/decant has …/lib/decant/libctorch.so.
    length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length > 0 ? length : 0] = 0;
    for (int level = 0; level < 2; level++) {
      end = strrchr(own, '/');
      if (end) *end = 0;
    }
    snprintf(path, size, "%s/lib/decant/%s", own, library->name);
    return path;
  case 1:
    snprintf(path, size, "%s", library->path);
    return path;
  case 2:
    // As in Scripts/setup --user.
    cache = getenv("XDG_CACHE_HOME");
    home = getenv("HOME");
    if (cache && *cache == '/') {
      snprintf(path, size, "%s/decant/%s", cache, library->name);
    } else {
      snprintf(path, size, "%s/.cache/decant/%s", home ? home : "", library->name);
    }
    return path;
  default:
    return NULL;
  }
}

int cf_find_library(const struct cf_library *library, char *path, size_t size) {
  const char *chosen = getenv(library->variable);
  char candidate[2048], all[6144] = "";
  for (int index = 0; cf_library_candidate(library, index, candidate, sizeof candidate); index++) {
    if ((chosen && *chosen) || access(candidate, R_OK) == 0) {
      snprintf(path, size, "%s", candidate);
      return 1;
    }
    size_t used = strlen(all);
    snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", candidate);
  }
  snprintf(path, size, "%s", all);
  return 0;
}
