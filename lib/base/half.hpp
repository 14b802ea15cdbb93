// IEEE half and bfloat16 conversions, scalar; subnormals kept, rounding to nearest even.
#pragma once

#include <bit>
#include <cstdint>

namespace lamina {

inline float f16_to_f32(std::uint16_t h) {
    const std::uint32_t sign = (h & 0x8000u) << 16;
    const std::uint32_t rest = (h & 0x7FFFu) << 13;  // exponent and mantissa in their f32 places
    constexpr std::uint32_t infinity = 0x7C00u << 13;
    if (rest >= infinity) return std::bit_cast<float>(sign | rest | 0x7F800000u);  // inf and NaN
    // Scaling by 2^112 moves the exponent bias from 15 to 127 and makes subnormals right at no cost.
    const float scaled = std::bit_cast<float>(rest) * 0x1p112f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(scaled));
}

inline std::uint16_t f32_to_f16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    const std::uint32_t rest = bits & 0x7FFFFFFFu;
    if (rest > 0x7F800000u) return static_cast<std::uint16_t>(sign | 0x7E00u);   // NaN
    if (rest >= 0x477FF000u) return static_cast<std::uint16_t>(sign | 0x7C00u);  // rounds to infinity
    if (rest < 0x38800000u) {  // subnormal half: adding 0.5 lets the FPU round at bit 2^-24
        const float sum = std::bit_cast<float>(rest) + 0.5f;
        return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(sum) - 0x3F000000u));
    }
    const std::uint32_t odd = (rest >> 13) & 1u;
    return static_cast<std::uint16_t>(sign | ((rest - 0x38000000u + 0xFFFu + odd) >> 13));
}

inline float bf16_to_f32(std::uint16_t h) { return std::bit_cast<float>(std::uint32_t{h} << 16); }

inline std::uint16_t f32_to_bf16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
    return static_cast<std::uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace lamina
