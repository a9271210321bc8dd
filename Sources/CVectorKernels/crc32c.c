// CRC-32C: reflected polynomial 0x82F63B78. In a 32-bit word bit 31 is the coefficient of x^0, bit 0 that of x^31.

#include "kernels.h"

#include <pthread.h>
#include <string.h>

#define POLYNOMIAL 0x82F63B78u

static uint32_t slices[8][256];
static pthread_once_t slices_once = PTHREAD_ONCE_INIT;

static void fill_slices(void) {
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (POLYNOMIAL & (0u - (crc & 1)));
    slices[0][i] = crc;
  }
  for (int s = 1; s < 8; s++) {
    for (int i = 0; i < 256; i++) slices[s][i] = (slices[s - 1][i] >> 8) ^ slices[0][slices[s - 1][i] & 255];
  }
}

// Eight table look-ups for eight bytes (Kounavis & Berry 2005).
uint32_t vk_crc32c_table(uint32_t crc, const void *bytes, size_t count) {
  pthread_once(&slices_once, fill_slices);
  const uint8_t *p = bytes;
  crc = ~crc;
  for (; count >= 8; count -= 8, p += 8) {
    uint32_t low = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
    crc = slices[7][low & 255] ^ slices[6][low >> 8 & 255] ^ slices[5][low >> 16 & 255] ^ slices[4][low >> 24] ^
          slices[3][p[4]] ^ slices[2][p[5]] ^ slices[1][p[6]] ^ slices[0][p[7]];
  }
  for (; count > 0; count--, p++) crc = (crc >> 8) ^ slices[0][(crc ^ *p) & 255];
  return ~crc;
}

// a * b modulo the polynomial.
static uint32_t multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = 0x80000000u; bit != 0; bit >>= 1) {
    if (a & bit) product ^= b;
    b = (b >> 1) ^ (POLYNOMIAL & (0u - (b & 1)));
  }
  return product;
}

uint32_t vk_crc32c_combine(uint32_t first, uint32_t second, uint64_t second_count) {
  // x^8 to the power of the count, by squaring.
  uint32_t power = 0x80000000u, square = 0x00800000u;
  for (uint64_t n = second_count; n != 0; n >>= 1) {
    if (n & 1) power = multiply(power, square);
    square = multiply(square, square);
  }
  return multiply(first, power) ^ second;
}

uint32_t vk_crc32c(uint32_t crc, const void *bytes, size_t count) {
  return vk_active_kernels()->crc32c(crc, bytes, count);
}
