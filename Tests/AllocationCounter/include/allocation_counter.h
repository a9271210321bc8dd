// Counts what the calling thread allocates, for tests that prove that a loop allocates nothing.
#pragma once

#include <stdint.h>

// How often this thread has called malloc, calloc, realloc or one of the aligned forms; -1 where that cannot be counted.
int64_t vdb_allocation_count(void);
