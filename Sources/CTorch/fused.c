#define _GNU_SOURCE
#include "ctorch_fused.h"

#include <dlfcn.h>
#include <stdio.h>

const ct_fused_table *ct_fused_load(const char *path, char *reason, size_t size) {
  void *opened = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!opened) {
    snprintf(reason, size, "%s", dlerror());
    return NULL;
  }
  const ct_fused_table *(*table)(void);
  *(void **)&table = dlsym(opened, "ct_fused");
  if (!table || table()->version != CT_FUSED_VERSION) {
    snprintf(
      reason, size, "%s is not of version %d; run Scripts/setup-cuda", path, CT_FUSED_VERSION);
    return NULL;
  }
  return table();
}

int32_t ct_cuda_memory(int32_t device, int64_t *free, int64_t *total) {
  // libtorch's CUDA part is loaded for everyone, and CUDA's runtime with it.
  int (*get)(int *), (*set)(int), (*info)(size_t *, size_t *);
  *(void **)&get = dlsym(RTLD_DEFAULT, "cudaGetDevice");
  *(void **)&set = dlsym(RTLD_DEFAULT, "cudaSetDevice");
  *(void **)&info = dlsym(RTLD_DEFAULT, "cudaMemGetInfo");
  if (!get || !set || !info) return 0;
  int before = 0;
  size_t left = 0, all = 0;
  if (get(&before) || set(device)) return 0;
  const int failed = info(&left, &all);
  set(before);
  *free = (int64_t)left;
  *total = (int64_t)all;
  return !failed;
}
