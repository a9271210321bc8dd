// System calls that Swift cannot reach: `syscall` is variadic and some declarations of the C library are
// hidden from its Swift module. Thin, without state; the caller reads errno.
#ifndef VK_LINUX_CALLS_H
#define VK_LINUX_CALLS_H

#ifdef __linux__
#include <stdint.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

extern long syscall(long number, ...);

// openat2(2): opens `path` below `folder`, resolving it under the given restrictions.
static inline int vk_openat2(int folder, const char *_Nonnull path, uint64_t flags, uint64_t mode, uint64_t resolve) {
  struct {
    uint64_t flags, mode, resolve;
  } how = {flags, mode, resolve};
  return (int)syscall(437L, folder, path, &how, sizeof how);
}

// renameat2(2) with RENAME_NOREPLACE: never replaces what has the new name.
static inline int vk_rename_without_replacing(int old_folder, const char *_Nonnull old_name, int new_folder,
                                              const char *_Nonnull new_name) {
  return (int)syscall(SYS_renameat2, old_folder, old_name, new_folder, new_name, 1u);
}

// The magic number of the file system that holds an open file (statfs(2)), or -1.
static inline int64_t vk_file_system_magic(int descriptor) {
  struct statfs status;
  return fstatfs(descriptor, &status) == 0 ? (int64_t)(uint32_t)status.f_type : -1;
}
#endif
#endif
