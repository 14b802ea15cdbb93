#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "quant/activations.hpp"
#include "support/random.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::bit_cast<float>(0x7FC00005u);  // a payload that must not become a code

struct Row {
    std::vector<std::int8_t> codes;
    std::vector<float> scales;
    std::vector<std::int32_t> sums16;

    explicit Row(const std::vector<float>& x) {
        const std::size_t groups = (x.size() + 31) / 32;
        codes.assign(groups * 32, 99);  // quantize_row must write every one
        scales.assign(groups, 99.0f);
        sums16.assign(groups * 2, 99);
        quant::quantize_row(x.data(), x.size(), codes.data(), scales.data(), sums16.data());
    }
};

// The definition, in the plainest words. `x` is finite.
void check_group(const float* x, std::size_t count, const std::int8_t* codes, float scale) {
    float peak = 0;
    for (std::size_t i = 0; i < count; ++i) peak = std::max(peak, std::fabs(x[i]));
    CHECK(scale == (peak < 0x1p-119f ? 0.0f : peak / 127.0f));
    int wrong = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        const float code = i < count && scale != 0 ? std::nearbyint(x[i] * (127.0f / peak)) : 0.0f;
        wrong += static_cast<float>(codes[i]) != code || std::fabs(code) > 127;
    }
    CHECK(wrong == 0);
}

void check_row(const std::vector<float>& x) {
    const Row row(x);
    for (std::size_t g = 0; g < row.scales.size(); ++g) {
        check_group(x.data() + 32 * g, std::min<std::size_t>(32, x.size() - 32 * g),
                    row.codes.data() + 32 * g, row.scales[g]);
        for (std::size_t h = 2 * g; h < 2 * g + 2; ++h) {
            const auto first = row.codes.begin() + static_cast<std::ptrdiff_t>(16 * h);
            CHECK(row.sums16[h] == std::accumulate(first, first + 16, 0));
        }
    }
}

}  // namespace

TEST_CASE("quant: activations are quantized as defined, for any count") {
    Random random(10);
    for (std::size_t count : {1, 15, 16, 17, 31, 32, 33, 64, 100, 640}) {
        CAPTURE(count);
        check_row(random.normals(count));
    }
}

TEST_CASE("quant: activations of any finite magnitude quantize as defined") {
    Random random(11);
    for (int exponent = -149; exponent <= 125; ++exponent) {
        CAPTURE(exponent);
        std::vector<float> x(64);
        for (float& v : x) v = std::ldexp(random.uniform(-4, 4), exponent);
        check_row(x);
    }
    check_row(std::vector<float>(32, std::numeric_limits<float>::max()));
    check_row(std::vector<float>(32, std::numeric_limits<float>::denorm_min()));
    check_row(std::vector<float>(40, 0.0f));
}

TEST_CASE("quant: the largest activation of a group has code 127 or -127, others round to even") {
    Random random(12);
    int wrong = 0;
    for (int i = 0; i < 100000; ++i) {
        std::vector<float> x(32);
        x[7] = std::bit_cast<float>(static_cast<std::uint32_t>(random.bits()) & 0xBFFFFFFF);
        if (std::fabs(x[7]) < quant::smallest_activation) continue;
        wrong += Row(x).codes[7] != (x[7] < 0 ? -127 : 127);
    }
    CHECK(wrong == 0);

    const Row row({127.0f, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 126.5f, -126.5f});
    CHECK(row.scales[0] == 1.0f);
    const std::vector<std::int8_t> expected = {127, 0, 2, 2, 0, -2, -2, 126, -126};
    CHECK(std::vector<std::int8_t>(row.codes.begin(), row.codes.begin() + 9) == expected);
}

TEST_CASE("quant: dequantized activations are within half a step") {
    const auto x = Random(13).normals(1000, 3.0f);
    const Row row(x);
    std::vector<float> back(x.size());
    quant::dequantize_row(row.codes.data(), row.scales.data(), x.size(), back.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
        REQUIRE(back[i] == row.scales[i / 32] * static_cast<float>(row.codes[i]));
        REQUIRE(std::fabs(back[i] - x[i]) <= row.scales[i / 32] * 0.5001f);
    }
}

TEST_CASE("quant: a NaN or infinity makes its group not finite and leaves other groups alone") {
    for (float bad : {infinity, -infinity, not_a_number, -not_a_number}) {
        for (std::size_t at : {32u, 47u, 63u}) {
            CAPTURE(bad, at);
            auto x = Random(14).normals(96);
            const Row before(x);
            x[at] = bad;
            const Row row(x);
            CHECK(std::isnan(row.scales[1]) == std::isnan(bad));
            CHECK_FALSE(std::isfinite(row.scales[1]));
            CHECK(std::all_of(row.codes.begin() + 32, row.codes.begin() + 64, [](int c) { return c == 0; }));
            CHECK(row.sums16[2] == 0);
            CHECK(row.sums16[3] == 0);
            for (std::size_t g : {0u, 2u}) CHECK(row.scales[g] == before.scales[g]);
            std::vector<float> back(x.size());
            quant::dequantize_row(row.codes.data(), row.scales.data(), x.size(), back.data());
            CHECK(std::isnan(back[at]));
        }
    }
    auto both = std::vector<float>(32, infinity);
    both[3] = not_a_number;
    CHECK(std::isnan(Row(both).scales[0]));
}
