// Masks for the last vector of a row.
#pragma once

#include <stdint.h>

// 64 bytes of zero bits and 64 of ones: a vector loaded from within masks the first of its bytes.
static const uint8_t zeros_then_ones[128] = {
    [64 ... 127] = 0xFF,
};
