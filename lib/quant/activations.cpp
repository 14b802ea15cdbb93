#include "quant/activations.hpp"

#include <algorithm>
#include <bit>

namespace lamina::quant {
namespace {

constexpr std::int32_t infinity_bits = 0x7F800000;

float peak_magnitude(const float* x, int count) {
    std::int32_t peak = 0;
    for (int i = 0; i < count; ++i) peak = std::max(peak, std::bit_cast<std::int32_t>(x[i]) & 0x7FFFFFFF);
    return std::bit_cast<float>(peak);
}

// Adding 1.5 * 2^23 leaves the integer nearest to |v| < 2^22 in the low mantissa bits; the addition rounds to
// even.
std::int8_t round_to_code(float v) {
    constexpr float shift = 0x1.8p23f;
    return static_cast<std::int8_t>(std::bit_cast<std::int32_t>(v + shift) -
                                    std::bit_cast<std::int32_t>(shift));
}

// `codes` holds zeros; only the first `count` are written.
float quantize_group(const float* x, int count, std::int8_t* codes) {
    const float peak = peak_magnitude(x, count);
    if (peak < smallest_activation) return 0.0f;
    const float scale = peak / 127.0f;
    if (std::bit_cast<std::int32_t>(peak) >= infinity_bits) return scale;
    const float inverse = 127.0f / peak;
    for (int i = 0; i < count; ++i) codes[i] = round_to_code(x[i] * inverse);
    return scale;
}

std::int32_t sum_of_16(const std::int8_t* codes) {
    std::int32_t sum = 0;
    for (int i = 0; i < 16; ++i) sum += codes[i];
    return sum;
}

}  // namespace

void quantize_row(const float* x, std::uint64_t count, std::int8_t* codes, float* scales,
                  std::int32_t* sums16) {
    for (std::uint64_t first = 0, g = 0; first < count; first += activation_group, ++g) {
        const auto inputs = static_cast<int>(std::min<std::uint64_t>(activation_group, count - first));
        std::int8_t* group = codes + first;
        std::fill_n(group, activation_group, std::int8_t{0});
        scales[g] = quantize_group(x + first, inputs, group);
        sums16[2 * g] = sum_of_16(group);
        sums16[2 * g + 1] = sum_of_16(group + 16);
    }
}

void dequantize_row(const std::int8_t* codes, const float* scales, std::uint64_t count, float* out) {
    for (std::uint64_t i = 0; i < count; ++i)
        out[i] = scales[i / activation_group] * static_cast<float>(codes[i]);
}

}  // namespace lamina::quant
