#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "base/half.hpp"
#include "block_types.hpp"
#include "lamina/error.hpp"
#include "quant/decode.hpp"
#include "support/random.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

const std::vector<DType> encoded_blocks = {DType::q4_0, DType::q4_1, DType::q5_0,
                                           DType::q5_1, DType::q8_0, DType::mxfp4};

std::vector<float> round_trip(DType type, const std::vector<float>& values) {
    std::vector<std::byte> blocks(row_bytes(type, values.size()));
    quant::encode(type, values.data(), values.size(), blocks.data());
    std::vector<float> out(values.size());
    quant::decode(type, blocks.data(), out.size(), out.data());
    return out;
}

// Codes of the integer view that an encoder may choose.
std::set<int> levels(DType type) {
    if (type == DType::mxfp4) return {-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12};
    std::set<int> all;
    if (type == DType::q4_0) {
        for (int c = -8; c < 8; ++c) all.insert(c);
    } else if (type == DType::q4_1) {
        for (int c = 0; c < 16; ++c) all.insert(c);
    } else if (type == DType::q5_1) {
        for (int c = 0; c < 32; ++c) all.insert(c);
    } else {
        const int high = type == DType::q5_0 ? 15 : 127;
        for (int c = type == DType::q5_0 ? -16 : -127; c <= high; ++c) all.insert(c);
    }
    return all;
}

}  // namespace

TEST_CASE("quant: encoded values are the nearest that their block's scale allows") {
    Random random(7);
    for (DType type : encoded_blocks) {
        CAPTURE(name(type));
        const auto values = random.normals(64 * 32, 0.3f);
        std::vector<std::byte> blocks(row_bytes(type, values.size()));
        quant::encode(type, values.data(), values.size(), blocks.data());
        std::vector<std::int8_t> codes(values.size());
        std::vector<float> scales(64), minima(64);
        quant::unpack(type, blocks.data(), values.size(), codes.data(), scales.data(), minima.data());
        int worse = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto error = [&](int code) {
                return std::abs(double{scales[i / 32]} * code + double{minima[i / 32]} - double{values[i]});
            };
            for (int level : levels(type)) worse += error(level) < error(codes[i]) - 1e-7;
        }
        CHECK(worse == 0);
    }
}

TEST_CASE("quant: encoding keeps the range of a block") {
    Random random(8);
    // Half a step of the widest gap between levels, as a fraction of the block's largest magnitude. MXFP4's
    // scale is a power of two: its largest level may be 6/8 of the largest magnitude.
    const auto bound = [](DType type) {
        switch (type) {
            case DType::q8_0: return 0.5 / 127;
            case DType::q5_0: return 1.0 / 16;  // the far end lacks one step
            case DType::q5_1: return 1.0 / 31;  // a range of up to twice the magnitude
            case DType::q4_0: return 1.0 / 8;
            case DType::q4_1: return 1.0 / 15;
            default: return 0.25;
        }
    };
    for (DType type : encoded_blocks) {
        CAPTURE(name(type));
        const auto values = random.normals(64 * 32, 5.0f);
        const auto decoded = round_trip(type, values);
        for (std::size_t first = 0; first < values.size(); first += 32) {
            double largest = 0, error = 0;
            for (std::size_t i = first; i < first + 32; ++i) {
                largest = std::max(largest, std::abs(double{values[i]}));
                error = std::max(error, std::abs(double{values[i]} - double{decoded[i]}));
            }
            CHECK(error <= largest * (bound(type) + 0x1p-10));  // the scale is rounded to f16
        }
    }
}

TEST_CASE("quant: q4_0, q5_0 and q8_0 keep the value of largest magnitude") {
    Random random(18);
    for (DType type : {DType::q4_0, DType::q5_0, DType::q8_0}) {
        CAPTURE(name(type));
        const auto values = random.normals(64 * 32);
        const auto decoded = round_trip(type, values);
        for (std::size_t first = 0; first < values.size(); first += 32) {
            std::size_t peak = first;
            for (std::size_t i = first; i < first + 32; ++i) {
                if (std::abs(values[i]) > std::abs(values[peak])) peak = i;
            }
            CHECK(std::abs(decoded[peak] - values[peak]) <= std::abs(values[peak]) * 0x1p-10f);
        }
    }
}

TEST_CASE("quant: FP4 values times a power of two encode to mxfp4 and back unchanged") {
    for (int exponent : {-120, -10, 0, 1, 100}) {
        CAPTURE(exponent);
        std::vector<float> values;
        for (float level : {0.0f, 0.5f, 1.0f, 1.5f, 2.0f, 3.0f, 4.0f, 6.0f}) {
            for (float sign : {1.0f, -1.0f, 1.0f, -1.0f})
                values.push_back(std::ldexp(sign * level, exponent));
        }
        CHECK(round_trip(DType::mxfp4, values) == values);
    }
}

TEST_CASE("quant: zeros and tiny blocks encode to themselves or to zero") {
    for (DType type : encoded_blocks) {
        CAPTURE(name(type));
        for (float v : round_trip(type, std::vector<float>(32, 0.0f))) CHECK(v == 0.0f);
        for (float v : round_trip(type, std::vector<float>(32, 1e-30f))) CHECK(std::abs(v) <= 1.5e-30f);
    }
}

TEST_CASE("quant: float types encode with one rounding") {
    const auto values = Random(9).normals(1000, 3.0f);
    const auto f16 = round_trip(DType::f16, values), bf16 = round_trip(DType::bf16, values);
    CHECK(round_trip(DType::f32, values) == values);
    for (std::size_t i = 0; i < values.size(); ++i) {
        CHECK(std::abs(f16[i] - values[i]) <= std::abs(values[i]) * 0x1p-11f + 0x1p-25f);
        CHECK(std::abs(bf16[i] - values[i]) <= std::abs(values[i]) * 0x1p-8f);
    }
}

TEST_CASE("quant: types without an encoder are refused by name") {
    for (DType type : {DType::q4_k, DType::iq2_xs, DType::i32}) {
        std::vector<float> values(256);
        std::vector<std::byte> out(2048);
        try {
            quant::encode(type, values.data(), values.size(), out.data());
            FAIL("encoded " << name(type));
        } catch (const Error& error) {
            CHECK(error.code() == ErrorCode::unsupported);
            CHECK_THAT(error.what(), Catch::Contains(name(type)));
        }
    }
}
