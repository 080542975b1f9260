// File operations that Swift lacks: writing a message in a signal handler, and swapping two names.
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
