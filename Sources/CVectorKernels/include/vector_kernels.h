// Loops over bytes and floats that must exist once for each instruction set.
//
// A kernel takes pointers and counts, allocates nothing, touches no file and keeps no state. Pointers need no alignment.
#pragma once

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// The levels of the dispatch table. On ARM there is only the base, which is compiled to NEON.
typedef enum __attribute__((enum_extensibility(closed))) : int32_t {
  VKLevelBase = 0,
  VKLevelAVX2 = 1,
  VKLevelAVX512 = 2,
} VKLevel;

// What one level offers. A level below the machine's best also leaves out the CRC, SHA and half-precision instructions
// that came with later processors only at `base`.
typedef struct {
  VKLevel level;
  uint32_t (*crc32c)(uint32_t crc, const void *bytes, size_t count);
  void (*sha256_blocks)(uint32_t *state8, const uint8_t *bytes, size_t blocks);
} vk_kernels;

// The table of `level`, or NULL when this processor cannot run it. `base` always exists.
const vk_kernels *_Nullable vk_kernels_at(VKLevel level);

// The level in use: the processor's best unless a lower one was forced.
VKLevel vk_active_level(void);

// Uses `level`, or the best below it that the processor can run, from now on; returns the level in use.
VKLevel vk_force_level(VKLevel level);

// CRC-32C (Castagnoli), reflected, as in iSCSI: the CRC of "123456789" is 0xE3069283.
// `crc` is the CRC of the bytes before, 0 for none.
uint32_t vk_crc32c(uint32_t crc, const void *bytes, size_t count);

// The CRC of A followed by B, from the CRC of A, the CRC of B and the length of B.
uint32_t vk_crc32c_combine(uint32_t first, uint32_t second, uint64_t second_count);

// SHA-256 (FIPS 180-4), streaming. Holds the chaining value, the bytes taken in so far and the last unfinished block.
typedef struct {
  uint32_t state[8];
  uint64_t count;
  uint8_t buffer[64];
} vk_sha256;

void vk_sha256_init(vk_sha256 *hash);
void vk_sha256_update(vk_sha256 *hash, const void *_Nullable bytes, size_t count);
void vk_sha256_final(vk_sha256 *hash, uint8_t *out32);

#pragma clang assume_nonnull end
