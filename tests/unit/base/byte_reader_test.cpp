#include <array>
#include <catch2/catch.hpp>
#include <limits>

#include "base/byte_reader.hpp"
#include "support/expect_error.hpp"

using lamina::ByteReader;
using lamina::ErrorCode;
using lamina::test::expect_error;

namespace {

constexpr std::array<std::byte, 8> eight = {std::byte{0x01}, std::byte{0x02}, std::byte{0x03},
                                            std::byte{0x04}, std::byte{0x05}, std::byte{0x06},
                                            std::byte{0x07}, std::byte{0xF8}};

}  // namespace

TEST_CASE("byte reader reads little-endian values of every width") {
    CHECK(ByteReader(eight, "a", "f").read<std::uint8_t>("x") == 0x01);
    CHECK(ByteReader(eight, "a", "f").read<std::uint16_t>("x") == 0x0201);
    CHECK(ByteReader(eight, "a", "f").read<std::uint32_t>("x") == 0x04030201);
    CHECK(ByteReader(eight, "a", "f").read<std::uint64_t>("x") == 0xF807060504030201u);
    CHECK(ByteReader(eight, "a", "f").read<std::int64_t>("x") ==
          static_cast<std::int64_t>(0xF807060504030201u));
}

TEST_CASE("byte reader counts its position and what remains") {
    ByteReader reader(eight, "a", "f");
    reader.read<std::uint16_t>("x");
    CHECK(reader.position() == 2);
    CHECK(reader.remaining() == 6);
    CHECK(reader.take(6, "rest").size() == 6);
    CHECK(reader.remaining() == 0);
    CHECK(reader.take(0, "nothing").empty());
}

TEST_CASE("byte reader refuses what is not there and does not move") {
    const auto count =
        GENERATE(std::uint64_t{7}, std::uint64_t{8}, std::uint64_t{1} << 31, std::uint64_t{1} << 32,
                 std::uint64_t{1} << 63, std::numeric_limits<std::uint64_t>::max(),
                 std::numeric_limits<std::uint64_t>::max() - 1);
    ByteReader reader(eight, "gguf", "model.gguf");
    reader.read<std::uint16_t>("x");
    expect_error(ErrorCode::bad_file, {"[gguf] model.gguf", "'names' at byte 2", "6 bytes to the end"},
                 [&] { reader.take(count, "names"); });
    CHECK(reader.position() == 2);
}

TEST_CASE("byte reader of no bytes gives an error and no value") {
    ByteReader reader({}, "a", "f");
    CHECK(reader.remaining() == 0);
    expect_error(ErrorCode::bad_file, {"'x' at byte 0"}, [&] { reader.read<std::uint8_t>("x"); });
}
