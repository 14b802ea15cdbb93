#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "base/half.hpp"

using namespace lamina;

namespace {

// The value by its definition (IEEE 754 binary16), in double where all of it is exact.
double value_of_half(std::uint16_t h) {
    const int sign = (h & 0x8000) != 0 ? -1 : 1;
    const int exponent = (h >> 10) & 31;
    const int mantissa = h & 1023;
    if (exponent == 31) return mantissa != 0 ? std::nan("") : sign * std::numeric_limits<double>::infinity();
    if (exponent == 0) return sign * std::ldexp(mantissa, -24);
    return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

bool is_nan_half(std::uint16_t h) { return (h & 0x7FFF) > 0x7C00; }

#if defined(__x86_64__)
// Every CPU with AVX2 has F16C, which not all compilers can ask for.
bool has_f16c() {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") != 0;
}
__attribute__((target("f16c"))) std::uint16_t hardware_half(float value) {
    return static_cast<std::uint16_t>(_mm_extract_epi16(_mm_cvtps_ph(_mm_set_ss(value), 0), 0));
}
#else
bool has_f16c() { return false; }
std::uint16_t hardware_half(float) { return 0; }
#endif

}  // namespace

TEST_CASE("half to float: all 65536 values are exact") {
    for (std::uint32_t i = 0; i < 65536; ++i) {
        const auto h = static_cast<std::uint16_t>(i);
        const float got = f16_to_f32(h);
        const double expected = value_of_half(h);
        const bool same = std::isnan(expected)
                              ? std::isnan(got)
                              : got == expected && std::signbit(got) == std::signbit(expected);
        if (!same) FAIL("half " << i << " gave " << got << ", not " << expected);
    }
}

TEST_CASE("half round trip: all 65536 values come back") {
    for (std::uint32_t i = 0; i < 65536; ++i) {
        const auto h = static_cast<std::uint16_t>(i);
        const std::uint16_t back = f32_to_f16(f16_to_f32(h));
        const bool same = is_nan_half(h) ? is_nan_half(back) && (back & 0x8000) == (h & 0x8000) : back == h;
        if (!same) FAIL("half " << i << " came back as " << back);
    }
}

TEST_CASE("float to half rounds to nearest even at every border between two halves") {
    for (std::uint32_t i = 0; i < 0x7C00; ++i) {
        const auto low = static_cast<std::uint16_t>(i);
        const auto high = static_cast<std::uint16_t>(i + 1);  // infinity after the last finite half
        const double above = high == 0x7C00 ? 65536.0 : value_of_half(high);
        const auto middle = static_cast<float>((value_of_half(low) + above) / 2);
        const std::uint16_t even = (low & 1) == 0 ? low : high;
        const bool right = f32_to_f16(middle) == even && f32_to_f16(std::nextafter(middle, 0.0f)) == low &&
                           f32_to_f16(std::nextafter(middle, 1e9f)) == high &&
                           f32_to_f16(-middle) == (even | 0x8000);
        if (!right) FAIL("between halves " << low << " and " << high);
    }
}

TEST_CASE("float to half of large, infinite, tiny and undefined values") {
    CHECK(f32_to_f16(65504.0f) == 0x7BFF);
    CHECK(f32_to_f16(65520.0f) == 0x7C00);
    CHECK(f32_to_f16(std::numeric_limits<float>::max()) == 0x7C00);
    CHECK(f32_to_f16(-std::numeric_limits<float>::infinity()) == 0xFC00);
    CHECK(f32_to_f16(std::numeric_limits<float>::denorm_min()) == 0);
    CHECK(f32_to_f16(-std::numeric_limits<float>::min()) == 0x8000);
    CHECK(is_nan_half(f32_to_f16(std::numeric_limits<float>::quiet_NaN())));
    CHECK(is_nan_half(f32_to_f16(-std::numeric_limits<float>::signaling_NaN())));
}

TEST_CASE("float to half agrees with the CPU's conversion") {
    if (!has_f16c()) {
        WARN("skipped: this CPU has no F16C");
        return;
    }
    std::uint32_t checked = 0;
    for (std::uint64_t bits = 0; bits < (std::uint64_t{1} << 32); bits += 4099) {
        const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
        if (std::isnan(value)) continue;
        ++checked;
        if (f32_to_f16(value) != hardware_half(value)) FAIL("float with bits " << bits);
    }
    CHECK(checked > 1'000'000);
}

TEST_CASE("bfloat16 round trip: all 65536 values come back") {
    for (std::uint32_t i = 0; i < 65536; ++i) {
        const auto h = static_cast<std::uint16_t>(i);
        const std::uint16_t back = f32_to_bf16(bf16_to_f32(h));
        const bool nan = (h & 0x7FFF) > 0x7F80;
        if (nan ? !std::isnan(bf16_to_f32(back)) : back != h)
            FAIL("bfloat16 " << i << " came back as " << back);
    }
}

TEST_CASE("float to bfloat16 rounds to nearest even at every border") {
    for (std::uint32_t i = 0; i < 0x7F80; ++i) {
        const auto low = static_cast<std::uint16_t>(i);
        const auto high = static_cast<std::uint16_t>(i + 1);
        const auto at = [&](std::uint32_t rest) {
            return f32_to_bf16(std::bit_cast<float>((i << 16) | rest));
        };
        const std::uint16_t even = (low & 1) == 0 ? low : high;
        if (at(0x8000) != even || at(0x7FFF) != low || at(0x8001) != high) FAIL("after bfloat16 " << i);
    }
    CHECK(f32_to_bf16(std::numeric_limits<float>::infinity()) == 0x7F80);
    CHECK(f32_to_bf16(std::numeric_limits<float>::max()) == 0x7F80);
}
