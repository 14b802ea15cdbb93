// Encoding to the simple types. The scale is chosen first and rounded as it will be stored; codes follow from
// that.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/half.hpp"
#include "lamina/error.hpp"
#include "quant/block_type.hpp"
#include "quant/codebooks.hpp"

namespace lamina::quant {
namespace {

constexpr int block_values = 32;

struct Range {
    float low, high, peak;  // peak: the value of largest magnitude, with its sign
};

Range range_of(const float* x) {
    Range range{x[0], x[0], x[0]};
    for (int i = 1; i < block_values; ++i) {
        range.low = std::min(range.low, x[i]);
        range.high = std::max(range.high, x[i]);
        if (std::abs(x[i]) > std::abs(range.peak)) range.peak = x[i];
    }
    return range;
}

float stored_f16(float value) { return f16_to_f32(f32_to_f16(value)); }

// The code in 0..high whose value scale * code + minimum is nearest to x.
unsigned nearest_code(float x, float scale, float minimum, int high) {
    if (scale == 0.0f) return 0;
    const float code = std::nearbyint((x - minimum) / scale);
    if (!(code > 0.0f)) return 0;
    return static_cast<unsigned>(std::min(code, static_cast<float>(high)));
}

std::byte* put(std::byte* out, std::uint64_t value, std::size_t bytes) {
    std::memcpy(out, &value, bytes);
    return out + bytes;
}

// Low nibbles are the first 16 codes. Returns the fifth bits, one a code.
std::uint32_t pack_nibbles(const std::array<unsigned, block_values>& codes, std::byte* out) {
    std::uint32_t fifth = 0;
    for (std::size_t i = 0; i < block_values; ++i) fifth |= (codes[i] >> 4) << i;
    for (std::size_t i = 0; i < 16; ++i)
        out[i] = static_cast<std::byte>((codes[i] & 15) | (codes[i + 16] & 15) << 4);
    return fifth;
}

// The last step of encoding to 4 or 5 bits, after the factors.
void put_codes(const float* x, float scale, float minimum, int bits, std::byte* out) {
    std::array<unsigned, block_values> codes;
    for (std::size_t i = 0; i < block_values; ++i)
        codes[i] = nearest_code(x[i], scale, minimum, (1 << bits) - 1);
    const std::uint32_t fifth = pack_nibbles(codes, bits == 5 ? out + sizeof fifth : out);
    if (bits == 5) put(out, fifth, sizeof fifth);
}

// The value of largest magnitude gets the lowest code, which reaches one step further than the highest.
template <int bits>
void encode_centred(const float* x, std::byte* out) {
    constexpr float lowest = -(1 << (bits - 1));
    const float scale = stored_f16(range_of(x).peak / lowest);
    put_codes(x, scale, lowest * scale, bits, put(out, f32_to_f16(scale), 2));
}

template <int bits>
void encode_ranged(const float* x, std::byte* out) {
    const Range range = range_of(x);
    const float scale = stored_f16((range.high - range.low) / ((1 << bits) - 1));
    const float minimum = stored_f16(range.low);
    out = put(put(out, f32_to_f16(scale), 2), f32_to_f16(minimum), 2);
    put_codes(x, scale, minimum, bits, out);
}

void encode_q8_0(const float* x, std::byte* out) {
    const float scale = stored_f16(std::abs(range_of(x).peak) / 127);
    out = put(out, f32_to_f16(scale), 2);
    for (int i = 0; i < block_values; ++i) {
        const auto code = static_cast<int>(nearest_code(std::abs(x[i]), scale, 0.0f, 127));
        out[i] = static_cast<std::byte>(x[i] < 0 ? -code : code);
    }
}

// OCP MX 1.0, 6.3: the shared exponent is that of the largest value less that of the largest FP4 value (2
// for 6.0).
void encode_mxfp4(const float* x, std::byte* out) {
    const float peak = std::abs(range_of(x).peak);
    const int exponent = peak > 0 ? std::clamp(std::ilogb(peak) - 2 + 127, 0, 254) : 0;
    const float scale = std::ldexp(1.0f, exponent - 128);  // of doubled codes
    std::array<unsigned, block_values> codes;
    for (std::size_t i = 0; i < block_values; ++i) {
        unsigned best = 0;
        const float magnitude = std::abs(x[i]) / scale;
        for (unsigned c = 1; c < 8; ++c) {
            const float error = std::abs(magnitude - static_cast<float>(fp4_levels[c]));
            if (error < std::abs(magnitude - static_cast<float>(fp4_levels[best]))) best = c;
        }
        codes[i] = best | (x[i] < 0 ? 8u : 0u);
    }
    pack_nibbles(codes, put(out, static_cast<std::uint64_t>(exponent), 1));
}

template <std::uint16_t (*narrow)(float)>
void encode_half(const float* values, std::uint64_t count, std::byte* out) {
    for (std::uint64_t i = 0; i < count; ++i) put(out + 2 * i, narrow(values[i]), 2);
}

using EncodeBlock = void (*)(const float* x, std::byte* out);

EncodeBlock block_encoder(DType type) {
    switch (type) {
        case DType::q4_0: return encode_centred<4>;
        case DType::q5_0: return encode_centred<5>;
        case DType::q4_1: return encode_ranged<4>;
        case DType::q5_1: return encode_ranged<5>;
        case DType::q8_0: return encode_q8_0;
        case DType::mxfp4: return encode_mxfp4;
        default: throw Error(ErrorCode::unsupported, "quant", "encoding to " + std::string(info(type).name));
    }
}

}  // namespace

void encode(DType type, const float* values, std::uint64_t count, std::byte* out) {
    if (type == DType::f32) {
        std::memcpy(out, values, count * sizeof(float));
    } else if (type == DType::f16) {
        encode_half<f32_to_f16>(values, count, out);
    } else if (type == DType::bf16) {
        encode_half<f32_to_bf16>(values, count, out);
    } else {
        const EncodeBlock encode_block = block_encoder(type);
        for (std::uint64_t first = 0; first < count; first += block_values) {
            encode_block(values + first, out + row_bytes(type, first));
        }
    }
}

}  // namespace lamina::quant
