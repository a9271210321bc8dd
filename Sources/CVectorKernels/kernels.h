// Shared by the C files of this target; not visible to Swift.
#pragma once

#include "vector_kernels.h"

// Each fills in what its file offers at one level. A level must only be called where the processor has its instructions.
void vk_vectors_base(vk_kernels *table);
void vk_codes_base(vk_kernels *table);
void vk_frames_base(vk_kernels *table);
void vk_tiles_base(vk_kernels *table);
void vk_scalar(vk_kernels *table);
void vk_elements_base(vk_kernels *table);
void vk_bits_base(vk_kernels *table);
void vk_masks_base(vk_kernels *table);
void vk_scan_base(vk_kernels *table);
#if defined(__x86_64__)
void vk_vectors_avx2(vk_kernels *table);
void vk_vectors_avx512(vk_kernels *table);
void vk_codes_avx2(vk_kernels *table);
// Needs AVX-512 VNNI too.
void vk_codes_avx512(vk_kernels *table);
void vk_frames_avx2(vk_kernels *table);
void vk_frames_avx512(vk_kernels *table);
void vk_tiles_avx2(vk_kernels *table);
void vk_tiles_avx512(vk_kernels *table);
void vk_elements_avx2(vk_kernels *table);
void vk_elements_avx512(vk_kernels *table);
void vk_bits_avx2(vk_kernels *table);
// Needs AVX-512 VPOPCNTDQ too.
void vk_bits_avx512(vk_kernels *table);
void vk_masks_avx2(vk_kernels *table);
void vk_masks_avx512(vk_kernels *table);
void vk_scan_avx2(vk_kernels *table);
void vk_scan_avx512(vk_kernels *table);
#elif defined(__aarch64__)
void vk_codes_dotprod(vk_kernels *table);
#endif

uint32_t vk_crc32c_table(uint32_t crc, const void *bytes, size_t count);
void vk_sha256_blocks_portable(uint32_t *state8, const uint8_t *bytes, size_t blocks);
extern const uint32_t vk_sha256_constants[64];

// Call only where the processor has the CRC and carry-less multiplication, or the SHA, instructions.
#if defined(__x86_64__) || defined(__aarch64__)
uint32_t vk_crc32c_streams(uint32_t crc, const void *bytes, size_t count);
void vk_sha256_blocks_native(uint32_t *state8, const uint8_t *bytes, size_t blocks);
#endif
#if defined(__x86_64__)
// Needs AVX-512 (F, VL, DQ) and VPCLMULQDQ too.
uint32_t vk_crc32c_wide(uint32_t crc, const void *bytes, size_t count);
#endif
