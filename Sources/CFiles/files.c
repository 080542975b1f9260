#define _GNU_SOURCE
#include "cfiles.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct mapping {
  // 0 if the entry is free; set last and cleared first, as the handler takes no lock.
  _Atomic(uintptr_t) start;
  size_t size;
  char *path;
};

enum { BLOCK_SIZE = 256 };
struct block {
  struct mapping mappings[BLOCK_SIZE];
  struct block *_Atomic next;
};

// Blocks are only ever added, never removed.
static struct block first_block;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char program_name[64] = "decant";

static struct mapping *free_note(void) {
  for (struct block *block = &first_block;; block = atomic_load(&block->next)) {
    for (int i = 0; i < BLOCK_SIZE; i++) {
      if (!block->mappings[i].path) return &block->mappings[i];
    }
    if (!atomic_load(&block->next)) {
      struct block *next = calloc(1, sizeof *next);
      if (!next) return NULL;
      atomic_store(&block->next, next);
    }
  }
}

void *cf_mapping_begin(const void *start, size_t size, const char *path) {
  char *copy = strdup(path);
  if (!copy) return NULL;
  pthread_mutex_lock(&lock);
  struct mapping *note = free_note();
  if (note) {
    note->path = copy;
    note->size = size;
    atomic_store(&note->start, (uintptr_t)start);
  } else {
    free(copy);
  }
  pthread_mutex_unlock(&lock);
  return note;
}

void cf_mapping_end(void *opaque) {
  struct mapping *note = opaque;
  if (!note) return;
  pthread_mutex_lock(&lock);
  atomic_store(&note->start, 0);
  free(note->path);
  note->path = NULL;
  pthread_mutex_unlock(&lock);
}

static void say(const char *text) {
  // If standard error is closed, nothing can be done.
  if (write(STDERR_FILENO, text, strlen(text)) < 0) return;
}

static void page_is_lost(int number, siginfo_t *info, void *context) {
  (void)context;
  uintptr_t address = (uintptr_t)info->si_addr;
  for (struct block *block = &first_block; block; block = atomic_load(&block->next)) {
    for (int i = 0; i < BLOCK_SIZE; i++) {
      struct mapping *note = &block->mappings[i];
      uintptr_t start = atomic_load(&note->start);
      // The last page is fully in memory, whatever the file's size.
      if (!start || address < start || address - start >= ((note->size + 4095) & ~(size_t)4095))
        continue;
      say(program_name);
      say(": ");
      // The thread that reads the page keeps the entry alive.
      say(note->path);
      say(" was shortened while it was being read\n");
      _exit(74);
    }
  }
  // On return the access is repeated, and ends the process.
  signal(number, SIG_DFL);
}

void cf_report_lost_pages(const char *program) {
  strncpy(program_name, program, sizeof program_name - 1);
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = page_is_lost;
  action.sa_flags = SA_SIGINFO;
  sigemptyset(&action.sa_mask);
  sigaction(SIGBUS, &action, NULL);
}

int cf_exchange_names(const char *first, const char *second) {
  // The flag is RENAME_EXCHANGE; by number, as C libraries before glibc 2.28 lack renameat2.
  return (int)syscall(SYS_renameat2, AT_FDCWD, first, AT_FDCWD, second, 2);
}
