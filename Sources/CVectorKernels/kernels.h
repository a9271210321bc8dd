// Shared by the C files of this target; not visible to Swift.
#pragma once

#include "vector_kernels.h"

const vk_kernels *vk_active_kernels(void);

// Portable code, used at the base level and as the reference in tests.
uint32_t vk_crc32c_table(uint32_t crc, const void *bytes, size_t count);
void vk_sha256_blocks_portable(uint32_t *state8, const uint8_t *bytes, size_t blocks);

// Code that needs instructions of its own; call only where the processor has them.
#if defined(__x86_64__)
uint32_t vk_crc32c_sse42(uint32_t crc, const void *bytes, size_t count);
void vk_sha256_blocks_shani(uint32_t *state8, const uint8_t *bytes, size_t blocks);
#elif defined(__aarch64__)
uint32_t vk_crc32c_arm(uint32_t crc, const void *bytes, size_t count);
void vk_sha256_blocks_arm(uint32_t *state8, const uint8_t *bytes, size_t blocks);
#endif

// The instructions that the processor has, as far as a kernel asks for them.
typedef struct {
  int crc, pclmul, sha, avx2, avx512;
} vk_features;
