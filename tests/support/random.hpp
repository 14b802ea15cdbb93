// Random inputs for tests: the same on every machine for the same seed, and weights of any type that look
// like weights.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "base/dtype.hpp"
#include "base/half.hpp"
#include "quant/decode.hpp"

namespace lamina::test {

class Random {
  public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    // splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
    std::uint64_t bits() {
        std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return z ^ (z >> 31);
    }

    std::uint64_t below(std::uint64_t limit) { return bits() % limit; }

    float uniform(float low, float high) {
        return low + (high - low) * (static_cast<float>(bits() >> 40) * 0x1p-24f);
    }

    // Nearly normal, mean 0: twelve uniform values have variance 1. No libm, so the same bits everywhere.
    float normal(float deviation = 1.0f) {
        float sum = -6.0f;
        for (int i = 0; i < 12; ++i) sum += uniform(0.0f, 1.0f);
        return sum * deviation;
    }

    std::vector<float> normals(std::uint64_t count, float deviation = 1.0f) {
        std::vector<float> out(count);
        for (float& x : out) x = normal(deviation);
        return out;
    }

    std::vector<std::byte> bytes(std::uint64_t count) {
        std::vector<std::byte> out(count);
        for (std::byte& b : out) b = static_cast<std::byte>(bits() >> 56);
        return out;
    }

    // `count` weights of a float or block type (a multiple of the block size), all finite, of about this
    // standard deviation (0.01 to 10) and a mean near 0. Codes and inner scales of blocks take every value.
    std::vector<std::byte> weights(DType type, std::uint64_t count, float deviation);

  private:
    std::uint64_t state_;
};

namespace detail {

// Where a block keeps its f16 scale, its f16 minimum if any, and which minimum per scale makes the mean about
// 0.
struct ScaleFields {
    std::size_t scale;
    std::optional<std::size_t> minimum = std::nullopt;
    float minimum_per_scale = 0.0f;
};

inline ScaleFields scale_fields(DType type) {
    switch (type) {
        case DType::q4_1: return {0, 2, -7.5f};
        case DType::q5_1: return {0, 2, -15.5f};
        case DType::q2_k: return {80, 82, 1.5f};
        case DType::q4_k: return {0, 2, 7.5f};
        case DType::q5_k: return {0, 2, 15.5f};
        case DType::q3_k: return {108};
        case DType::q6_k: return {208};
        case DType::tq1_0: return {52};
        case DType::tq2_0: return {64};
        default: return {0};
    }
}

inline void put_f16(std::byte* out, float value) {
    const std::uint16_t bits = f32_to_f16(value);
    std::memcpy(out, &bits, sizeof bits);
}

// The f16 scale of IQ1_M lies in the top nibbles of the four 16-bit words at the end of the block.
inline void put_iq1_m_scale(std::byte* block, float value) {
    const std::uint16_t bits = f32_to_f16(value);
    for (int i = 0; i < 4; ++i) {
        std::byte& high = block[48 + 2 * i + 1];
        high = (high & std::byte{0x0F}) | static_cast<std::byte>(((bits >> (4 * i)) & 15) << 4);
    }
}

inline void put_scale(DType type, std::byte* block, float scale) {
    if (type == DType::iq1_m) return put_iq1_m_scale(block, scale);
    const ScaleFields fields = scale_fields(type);
    put_f16(block + fields.scale, scale);
    if (fields.minimum) put_f16(block + *fields.minimum, scale * fields.minimum_per_scale);
}

inline float root_mean_square(DType type, const std::byte* block) {
    std::vector<float> values(info(type).block_size);
    quant::decode(type, block, values.size(), values.data());
    double sum = 0;
    for (float v : values) sum += double{v} * v;
    return static_cast<float>(std::sqrt(sum / static_cast<double>(values.size())));
}

inline constexpr float fp4_deviation = 5.85f;  // of doubled FP4 codes drawn evenly

// FP4 types have 8-bit scales: E8M0, a power of two, or one unsigned E4M3 a group.
inline void put_fp4_scale(DType type, Random& random, std::byte* block, float deviation) {
    const float scale = deviation / fp4_deviation;
    if (type == DType::mxfp4) {
        block[0] = static_cast<std::byte>(128 + std::lround(std::log2(scale)));
        return;
    }
    for (int g = 0; g < 4; ++g) {
        const float units = 2 * scale * random.uniform(0.7f, 1.3f) * 512;  // subnormals are 1/512
        const int exponent = units < 8 ? 0 : std::ilogb(units) - 2;
        const long mantissa = std::lround(std::ldexp(units, exponent > 1 ? 1 - exponent : 0));
        const long code = exponent == 0 ? std::max(mantissa, 1L) : (exponent - 1) * 8L + mantissa;
        block[g] = static_cast<std::byte>(std::min(code, 0x7EL));
    }
}

// Two-bit codes of 3 do not occur in ternary weights: they become 2.
inline void make_ternary(std::byte* block) {
    for (int i = 0; i < 64; ++i) block[i] &= ~(block[i] & (block[i] >> 1) & std::byte{0x55});
}

inline void finish_block(DType type, Random& random, std::byte* block, float deviation) {
    if (type == DType::mxfp4 || type == DType::nvfp4) return put_fp4_scale(type, random, block, deviation);
    if (type == DType::tq2_0) make_ternary(block);
    put_scale(type, block, 1.0f);
    const float unit = std::max(root_mean_square(type, block), 1e-3f);
    const float sign = scale_fields(type).minimum || random.below(2) ? 1.0f : -1.0f;
    put_scale(type, block, sign * deviation / unit * random.uniform(0.6f, 1.4f));
}

}  // namespace detail

inline std::vector<std::byte> Random::weights(DType type, std::uint64_t count, float deviation) {
    if (is_float(type)) {
        const std::vector<float> values = normals(count, deviation);
        std::vector<std::byte> out(row_bytes(type, count));
        quant::encode(type, values.data(), count, out.data());
        return out;
    }
    std::vector<std::byte> out = bytes(row_bytes(type, count));
    for (std::size_t at = 0; at < out.size(); at += info(type).block_bytes) {
        detail::finish_block(type, *this, out.data() + at, deviation);
    }
    return out;
}

}  // namespace lamina::test
