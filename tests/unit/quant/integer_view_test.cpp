#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
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

struct Unpacked {
    quant::IntegerView view;
    std::vector<std::int8_t> codes;
    std::vector<float> scales, minima;

    Unpacked(DType type, std::span<const std::byte> blocks, std::uint64_t count)
        : view(quant::integer_view(type)), codes(count) {
        scales.resize(count / static_cast<std::uint64_t>(view.group), NAN);
        minima.resize(scales.size(), NAN);
        quant::unpack(type, blocks.data(), count, codes.data(), scales.data(), minima.data());
    }

    std::size_t group_of(std::size_t i) const { return i / static_cast<std::size_t>(view.group); }
    float weight(std::size_t i) const {
        return scales[group_of(i)] * static_cast<float>(codes[i]) + minima[group_of(i)];
    }
};

// The largest |view - decode| of any block as a fraction of the block's largest weight.
double worst_error(DType type, std::span<const std::byte> blocks, std::uint64_t count) {
    const Unpacked unpacked(type, blocks, count);
    std::vector<float> values(count);
    quant::decode(type, blocks.data(), count, values.data());
    double worst = 0;
    for (std::size_t first = 0; first < count; first += info(type).block_size) {
        double largest = 0, error = 0;
        for (std::size_t i = first; i < first + info(type).block_size; ++i) {
            largest = std::max(largest, std::abs(double{values[i]}));
            error = std::max(error, std::abs(double{values[i]} - unpacked.weight(i)));
        }
        if (error > 0) worst = std::max(worst, error / largest);
    }
    return worst;
}

}  // namespace

TEST_CASE("quant: the integer view equals the weights of the reference blocks") {
    const auto reference = TensorFile::read(LAMINA_TEST_DATA "/quant_blocks.safetensors");
    for (DType type : block_types()) {
        CAPTURE(name(type));
        const auto blocks = reference.bytes(name(type) + ".blocks");
        const auto values = reference.f32(name(type) + ".values");
        const Unpacked unpacked(type, blocks, values.size());
        float largest = 0, error = 0;
        for (std::size_t i = 0; i < values.size(); ++i) {
            largest = std::max(largest, std::abs(values[i]));
            error = std::max(error, std::abs(values[i] - unpacked.weight(i)));
        }
        CHECK(largest > 0);
        CHECK(error == 0);
        CHECK(worst_error(type, blocks, values.size()) <= 1e-6);
    }
}

TEST_CASE("quant: the integer view equals the weights of random blocks") {
    Random random(4);
    for (DType type : block_types()) {
        CAPTURE(name(type));
        for (float deviation : {0.001f, 0.02f, 10.0f}) {
            const std::uint64_t count = 512 * 256;
            CHECK(worst_error(type, random.weights(type, count, deviation), count) <= 1e-6);
        }
    }
}

TEST_CASE("quant: the integer view keeps what it says of groups and minima") {
    Random random(5);
    for (DType type : block_types()) {
        CAPTURE(name(type));
        const std::uint64_t count = 256 * 256;
        const Unpacked unpacked(type, random.weights(type, count, 0.05f), count);
        const auto& view = unpacked.view;
        CHECK((view.group == 16 || view.group == 32));
        CHECK(info(type).block_size % static_cast<unsigned>(view.group) == 0);
        const auto is_zero = [](float x) { return x == 0.0f; };
        CHECK(std::all_of(unpacked.minima.begin(), unpacked.minima.end(), is_zero) == !view.has_minimum);
    }
    CHECK_THROWS_AS(quant::integer_view(DType::f16), Error);
}

TEST_CASE("quant: any bytes decode to what their integer view says, also without a finite scale") {
    Random random(6);
    for (DType type : block_types()) {
        CAPTURE(name(type));
        const std::uint64_t count = 2048 * 256;
        const auto blocks = random.bytes(row_bytes(type, count));
        const Unpacked unpacked(type, blocks, count);
        std::vector<float> values(count);
        quant::decode(type, blocks.data(), count, values.data());
        std::size_t wrong = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const bool finite = std::isfinite(unpacked.scales[unpacked.group_of(i)]);
            wrong += finite && values[i] != unpacked.weight(i) &&
                     !(std::isnan(values[i]) && std::isnan(unpacked.weight(i)));
            wrong += !finite && std::isfinite(values[i]);
        }
        CHECK(wrong == 0);
    }
}
