// Large pieces of memory.

#define _DEFAULT_SOURCE

#include "graph_kernels.h"

#include <stdlib.h>

#ifdef __linux__

#include <sys/mman.h>

enum { large = 1 << 21 };

void *vk_allocate_pages(size_t bytes) {
  if (bytes > SIZE_MAX - 2 * large) return NULL;
  size_t whole = (bytes + large - 1) / large * large;
  // One page more, so that the first can begin at a multiple of its size; the rest is given back.
  char *all = mmap(NULL, whole + large, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return NULL;
  size_t before = (large - (uintptr_t)all % large) % large;
  if (before > 0) munmap(all, before);
  munmap(all + before + whole, large - before);
  // A system without large pages says no, which does not matter.
  madvise(all + before, whole, MADV_HUGEPAGE);
  return all + before;
}

void vk_free_pages(void *memory, size_t bytes) { munmap(memory, (bytes + large - 1) / large * large); }

#else

void *vk_allocate_pages(size_t bytes) { return calloc(bytes, 1); }

void vk_free_pages(void *memory, size_t bytes) {
  (void)bytes;
  free(memory);
}

#endif
