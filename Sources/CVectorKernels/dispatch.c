// One table for each level, filled once; a pointer to the one in use.

#include "kernels.h"

#include <pthread.h>
#include <stdatomic.h>

static vk_kernels tables[3];
static int supported[3];
static _Atomic(const vk_kernels *) active;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill(void) {
  tables[VKLevelBase] = (vk_kernels){
      .level = VKLevelBase, .crc32c = vk_crc32c_table, .sha256_blocks = vk_sha256_blocks_portable};
  supported[VKLevelBase] = 1;
  const vk_kernels *expected = NULL;
  atomic_compare_exchange_strong(&active, &expected, &tables[VKLevelBase]);
}

const vk_kernels *vk_active_kernels(void) {
  const vk_kernels *table = atomic_load_explicit(&active, memory_order_acquire);
  if (table) return table;
  pthread_once(&once, fill);
  return atomic_load_explicit(&active, memory_order_acquire);
}

const vk_kernels *vk_kernels_at(VKLevel level) {
  pthread_once(&once, fill);
  return supported[level] ? &tables[level] : NULL;
}

VKLevel vk_active_level(void) { return vk_active_kernels()->level; }

VKLevel vk_force_level(VKLevel level) {
  pthread_once(&once, fill);
  int chosen = level;
  while (chosen > VKLevelBase && !supported[chosen]) chosen--;
  atomic_store_explicit(&active, &tables[chosen], memory_order_release);
  return (VKLevel)chosen;
}
