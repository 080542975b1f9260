// What Swift cannot do with files: say something in a signal handler, and swap two names.
#pragma once
#include <stddef.h>

// Notes that `path` is mapped at `start`, for the handler below. Returns the note, which
// ct_mapping_end takes back before the memory is unmapped; NULL where there was no memory for one.
void *ct_mapping_begin(const void *start, size_t size, const char *path);
void ct_mapping_end(void *note);

// From now on, reading a page that a mapped file has lost ends the process with code 74 and a line on
// standard error that names the program and the file. Other bus errors end it as before.
void ct_report_lost_pages(const char *program);

// Swaps the names of two files or folders in one step. Returns 0, or -1 with errno set: EINVAL or
// ENOSYS where the file system cannot.
int ct_exchange_names(const char *first, const char *second);
