// Activations of integer kernels: signed 8-bit codes with one scale per 32 inputs.
#pragma once

#include <cstdint>

namespace lamina::quant {

inline constexpr int activation_group = 32;

// One row: scale[g] = max|x| / 127 over group g; codes = round(x / scale) to nearest even, in -127..127; a group of zeros
// has scale 0. sums[g16] are the exact sums of codes over 16 inputs (kernels with minima or 16-groups want them).
// `count` may end inside a group; missing inputs count as zero codes up to the end of the group.
void quantize_row(const float* x, std::uint64_t count, std::int8_t* codes, float* scales, std::int32_t* sums16);

// What the codes stand for: the reference is fed this to judge an integer kernel on its arithmetic alone.
void dequantize_row(const std::int8_t* codes, const float* scales, std::uint64_t count, float* out);

}  // namespace lamina::quant
