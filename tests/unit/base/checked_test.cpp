#include <catch2/catch.hpp>
#include <limits>

#include "base/checked.hpp"

using namespace lamina;

namespace {
constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
}

TEST_CASE("checked sums") {
    CHECK(checked_add(2, 3) == 5u);
    CHECK(checked_add(most, 0) == most);
    CHECK(checked_add(most - 1, 1) == most);
    CHECK_FALSE(checked_add(most, 1));
    CHECK_FALSE(checked_add(most, most));
    CHECK_FALSE(checked_add(std::uint64_t{1} << 63, std::uint64_t{1} << 63));
}

TEST_CASE("checked products") {
    CHECK(checked_mul(6, 7) == 42u);
    CHECK(checked_mul(most, 0) == 0u);
    CHECK(checked_mul(most, 1) == most);
    CHECK(checked_mul(0xFFFFFFFFu, 0x100000001u) == most);
    CHECK_FALSE(checked_mul(std::uint64_t{1} << 32, std::uint64_t{1} << 32));
    CHECK_FALSE(checked_mul(most, 2));
    CHECK_FALSE(checked_mul(5124095576030431008u, 18));
}

TEST_CASE("checked narrowing keeps values and refuses the others") {
    CHECK(checked_narrow<int>(std::uint64_t{2147483647}) == 2147483647);
    CHECK_FALSE(checked_narrow<int>(std::uint64_t{2147483648}));
    CHECK_FALSE(checked_narrow<std::uint32_t>(-1));
    CHECK_FALSE(checked_narrow<std::int64_t>(most));
    CHECK(checked_narrow<std::int8_t>(-128) == -128);
    CHECK_FALSE(checked_narrow<std::int8_t>(-129));
}

TEST_CASE("checked alignment") {
    CHECK(checked_align(0, 32) == 0u);
    CHECK(checked_align(1, 32) == 32u);
    CHECK(checked_align(32, 32) == 32u);
    CHECK(checked_align(33, 32) == 64u);
    CHECK(checked_align(most - 31, 32) == most - 31);
    CHECK_FALSE(checked_align(most - 30, 32));
    CHECK_FALSE(checked_align(most, 8));
}

TEST_CASE("alignment and division of small sizes") {
    CHECK(align_up(5, 4) == 8);
    CHECK(align_up(8, 4) == 8);
    CHECK(align_up(7, 3) == 9);
    CHECK(div_up(0, 4) == 0);
    CHECK(div_up(1, 4) == 1);
    CHECK(div_up(8, 4) == 2);
}
