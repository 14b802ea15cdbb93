#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <span>

#include "base/half.hpp"
#include "block_types.hpp"
#include "lamina/error.hpp"
#include "lamina/tensor_file.hpp"
#include "quant/decode.hpp"
#include "support/random.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

std::vector<float> decoded(DType type, std::span<const std::byte> blocks, std::uint64_t count) {
    std::vector<float> out(count);
    quant::decode(type, blocks.data(), count, out.data());
    return out;
}

std::size_t different_bits(const std::vector<float>& a, const std::vector<float>& b) {
    REQUIRE(a.size() == b.size());
    std::size_t count = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        count += std::bit_cast<std::uint32_t>(a[i]) != std::bit_cast<std::uint32_t>(b[i]);
    }
    return count;
}

}  // namespace

TEST_CASE("quant: every block type decodes bit-exactly") {
    const auto reference = TensorFile::read(LAMINA_TEST_DATA "/quant_blocks.safetensors");
    REQUIRE(block_types().size() == 23);
    CHECK(reference.names().size() == 2 * block_types().size());
    for (DType type : block_types()) {
        CAPTURE(name(type));
        const auto blocks = reference.bytes(name(type) + ".blocks");
        const auto values = reference.f32(name(type) + ".values");
        REQUIRE(row_bytes(type, values.size()) == blocks.size());
        CHECK(different_bits(decoded(type, blocks, values.size()), values) == 0);
    }
}

TEST_CASE("quant: a row decodes as its blocks do one by one, at any alignment") {
    Random random(1);
    for (DType type : block_types()) {
        CAPTURE(name(type));
        const std::uint64_t block = info(type).block_size, count = 11 * block;
        const auto blocks = random.weights(type, count, 0.1f);
        std::vector<float> one_by_one(count);
        std::vector<std::byte> shifted(info(type).block_bytes + 1);
        for (std::uint64_t b = 0; b < 11; ++b) {
            std::memcpy(shifted.data() + 1, blocks.data() + row_bytes(type, b * block),
                        info(type).block_bytes);
            quant::decode(type, shifted.data() + 1, block, one_by_one.data() + b * block);
        }
        CHECK(different_bits(decoded(type, blocks, count), one_by_one) == 0);
    }
}

TEST_CASE("quant: float types decode bit-exactly") {
    std::vector<std::uint16_t> patterns(65536);
    for (std::size_t i = 0; i < patterns.size(); ++i) patterns[i] = static_cast<std::uint16_t>(i);
    std::vector<std::byte> bytes(2 * patterns.size());
    std::memcpy(bytes.data(), patterns.data(), bytes.size());

    const auto f16 = decoded(DType::f16, bytes, patterns.size());
    const auto bf16 = decoded(DType::bf16, bytes, patterns.size());
    int wrong = 0;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        wrong += std::bit_cast<std::uint32_t>(bf16[i]) != static_cast<std::uint32_t>(i) << 16;
        const int exponent = static_cast<int>(i >> 10) & 31, mantissa = static_cast<int>(i) & 1023;
        if (exponent == 31) {
            wrong += mantissa == 0 ? !std::isinf(f16[i]) : !std::isnan(f16[i]);
            continue;
        }
        const double magnitude =
            exponent ? std::ldexp(1024 + mantissa, exponent - 25) : std::ldexp(mantissa, -24);
        wrong += double{std::abs(f16[i])} != magnitude || std::signbit(f16[i]) != (i >= 0x8000);
    }
    CHECK(wrong == 0);

    const auto values = Random(2).normals(100);
    std::vector<std::byte> raw(values.size() * sizeof(float));
    std::memcpy(raw.data(), values.data(), raw.size());
    CHECK(different_bits(decoded(DType::f32, raw, values.size()), values) == 0);
}

TEST_CASE("quant: integer types are no weights") {
    for (DType type : {DType::f64, DType::i8, DType::i16, DType::i32, DType::i64}) {
        CAPTURE(name(type));
        CHECK_FALSE(quant::is_weight_type(type));
        std::byte bytes[8] = {};
        float out = 0;
        try {
            quant::decode(type, bytes, 1, &out);
            FAIL("decoded");
        } catch (const Error& error) {
            CHECK(error.code() == ErrorCode::unsupported);
            CHECK_THAT(error.what(), Catch::Contains(name(type)));
        }
    }
    for (DType type : {DType::f32, DType::f16, DType::bf16}) CHECK(quant::is_weight_type(type));
    for (DType type : block_types()) CHECK(quant::is_weight_type(type));
}

TEST_CASE("quant: random weights of every type are finite and have the deviation asked for") {
    auto types = block_types();
    types.insert(types.end(), {DType::f32, DType::f16, DType::bf16});
    for (DType type : types) {
        for (float deviation : {0.01f, 0.02f, 1.0f, 10.0f}) {
            CAPTURE(name(type), deviation);
            const std::uint64_t count = 64 * 256;
            const auto values = decoded(type, Random(3).weights(type, count, deviation), count);
            double sum = 0, squares = 0;
            for (float v : values) sum += v, squares += double{v} * v;
            const double mean = sum / double(count);
            const double measured = std::sqrt(squares / double(count) - mean * mean);
            CHECK(measured > 0.7 * deviation);  // false for NaN too
            CHECK(measured < 1.4 * deviation);
            CHECK(std::abs(mean) < 0.3 * deviation);
        }
    }
}
