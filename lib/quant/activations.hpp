// Activations of integer kernels: signed 8-bit codes with one scale per 32 inputs.
#pragma once

#include <cstdint>

namespace lamina::quant {

inline constexpr int activation_group = 32;

// A group whose largest magnitude is below this rounds to zero: from here up neither the scale nor its
// inverse leaves the normal f32 range, so that flush-to-zero modes cannot change a result.
inline constexpr float smallest_activation = 0x1p-119f;

// One row, group by group. Every kernel that quantizes gives these very bits:
//   peak   = max |x|, found by comparing magnitudes as integers (bits & 0x7FFFFFFF), so that NaN > infinity >
//   numbers
//            in any order of comparison;
//   peak < smallest_activation:  scale = 0, codes = 0;
//   peak finite:                 scale = peak / 127, code = round(x * (127 / peak)), ties to even. Always in
//   -127..127:
//                                the two roundings before it add less than half a step;
//   peak infinite or NaN:        scale = peak / 127 (infinite or NaN), codes = 0; what is computed from it is
//   NaN.
// All arithmetic is f32 under round-to-nearest. sums16[j] is the exact sum of codes 16*j .. 16*j + 15
// (kernels with minima or groups of 16 want them). `count` may end inside a group; missing inputs count as
// zeros up to the end of the group. With g = ceil(count / 32): codes [32 * g], scales [g], sums16 [2 * g].
void quantize_row(const float* x, std::uint64_t count, std::int8_t* codes, float* scales,
                  std::int32_t* sums16);

// out[i] = scales[i / 32] * codes[i], i < count: what the codes stand for. The reference is fed this to judge
// an integer kernel on its arithmetic alone.
void dequantize_row(const std::int8_t* codes, const float* scales, std::uint64_t count, float* out);

}  // namespace lamina::quant
