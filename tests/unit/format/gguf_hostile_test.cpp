// GGUF headers that break one rule each. Names in brackets say which known failure of another reader a case
// repeats.
#include <catch2/catch.hpp>
#include <limits>

#include "gguf_cases.hpp"
#include "support/allocations.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

constexpr std::uint32_t array_type = 9;

Bytes array_header(std::uint32_t element_type, std::uint64_t count) {
    Bytes out;
    append(out, element_type);
    append(out, count);
    return out;
}

// What a count or a length must survive, around `remaining` bytes of elements of `width` bytes.
std::vector<std::uint64_t> extremes(std::uint64_t remaining, std::uint64_t width) {
    std::vector<std::uint64_t> out = {remaining + 1};
    if (width > 1) {  // counts whose product with the width wraps to a few bytes
        const std::uint64_t wraps = std::numeric_limits<std::uint64_t>::max() / width + 1;
        out.insert(out.end(), {wraps, wraps + 1});
    }
    for (const int bit : {31, 32, 40, 63}) {
        const auto power = std::uint64_t{1} << bit;
        out.insert(out.end(), {power - 1, power, power + 1});
    }
    out.insert(out.end(),
               {std::numeric_limits<std::uint64_t>::max() - 1, std::numeric_limits<std::uint64_t>::max()});
    return out;
}

}  // namespace

TEST_CASE("GGUF of versions other than 2 and 3 are refused") {
    GgufWriter w = small_model();
    for (const std::uint32_t version : {0u, 1u, 4u, 255u}) {
        w.version = version;
        expect_error(ErrorCode::unsupported,
                     {"m.gguf", "GGUF version 2 or 3", "version " + std::to_string(version)},
                     [&] { parse(w); });
    }
}

TEST_CASE("GGUF of big-endian machines are unsupported and say so") {
    GgufWriter w = small_model();
    for (const std::uint32_t version : {0x02000000u, 0x03000000u}) {
        w.version = version;
        expect_error(ErrorCode::unsupported, {"big-endian"}, [&] { parse(w); });
    }
    auto bytes = small_model().bytes();
    std::swap(bytes[0], bytes[3]);
    std::swap(bytes[1], bytes[2]);
    bytes[1] = std::byte{'U'};
    expect_error(ErrorCode::unsupported, {"big-endian"}, [&] { parse(bytes); });
}

TEST_CASE(
    "threat CVE-2024-23496, threat llama.cpp#15711: GGUF counts beyond the file are refused before anything "
    "is "
    "reserved") {
    const std::uint64_t size = small_model().bytes().size();
    for (const std::uint64_t count : extremes(size / 13, 32)) {
        CAPTURE(count);
        GgufWriter w = small_model();
        w.metadata_count = count;
        const AllocationPeak peak;
        expect_error(ErrorCode::bad_file, {"metadata count", "at byte 16", "for which the file has bytes"},
                     [&] { parse(w); });
        w.metadata_count.reset();
        w.tensor_count = count;
        expect_error(ErrorCode::bad_file, {"tensor count", "at byte 8"}, [&] { parse(w); });
        CHECK(peak.bytes() < 1 << 20);
    }
}

TEST_CASE("GGUF counts that are too small or one too large are refused") {
    for (const std::uint64_t change : {~std::uint64_t{0}, std::uint64_t{1}}) {  // -1, +1
        GgufWriter w = small_model();
        w.metadata_count = 17 + change;
        CHECK_THROWS_AS(parse(w), Error);
        w.metadata_count.reset();
        w.tensor_count = 4 + change;
        if (change == 1) CHECK_THROWS_AS(parse(w), Error);
    }
}

TEST_CASE("GGUF with more than a million tensors is refused") {
    GgufWriter w;
    w.raw_set("pad", array_type, [] {
        Bytes out = array_header(0, 33'000'000);
        out.resize(out.size() + 33'000'000);
        return out;
    }());
    w.tensor_count = 1'000'001;
    const auto bytes = in_memory(w.bytes());
    const AllocationPeak peak;
    expect_error(ErrorCode::bad_file, {"tensor count", "at most 1000000"}, [&] {
        format::gguf::read_file({"m.gguf", bytes});
    });
    CHECK(peak.bytes() < 1 << 20);
}

TEST_CASE("threat CVE-2025-0315: GGUF string lengths beyond the file allocate nothing") {
    for (const std::uint64_t length : extremes(5, 1)) {
        CAPTURE(length);
        Bytes value;
        append(value, length);
        append_text(value, "short");
        GgufWriter w;
        w.raw_set("key", 8, value);
        const AllocationPeak peak;
        expect_error(ErrorCode::bad_file, {"'key'"}, [&] { parse(w); });
        CHECK(peak.bytes() < 1 << 20);
    }
}

TEST_CASE("threat CVE-2024-23496: GGUF key lengths beyond the file or beyond 64 KiB are refused") {
    const auto image = GgufWriter().set("key", 1u).image();
    for (const std::uint64_t length : extremes(3 + 4 + 4, 1)) {
        CAPTURE(length);
        auto bytes = image.bytes;
        std::memcpy(bytes.data() + 24, &length, 8);
        expect_error(ErrorCode::bad_file, {"'metadata key'"}, [&] { parse(bytes); });
    }
    expect_error(ErrorCode::bad_file, {"'metadata key' at byte 24", "at most 65536 bytes, found 65537"},
                 [&] { parse(GgufWriter().set(std::string(65537, 'k'), 1u)); });
    CHECK_NOTHROW(parse(GgufWriter().set(std::string(65536, 'k'), 1u)));
}

TEST_CASE("threat CVE-2024-23496: GGUF tensor name lengths beyond the file or beyond 64 KiB are refused") {
    const auto image = GgufWriter().tensor("name", DType::i8, {1}, counting_bytes(1)).image();
    for (const std::uint64_t length : extremes(4 + 4 + 8 + 4 + 8 + 33, 1)) {
        CAPTURE(length);
        auto bytes = image.bytes;
        std::memcpy(bytes.data() + 24, &length, 8);
        expect_error(ErrorCode::bad_file, {"'tensor name'"}, [&] { parse(bytes); });
    }
    expect_error(ErrorCode::bad_file, {"'tensor name'", "at most 65536 bytes"}, [&] {
        parse(GgufWriter().tensor(std::string(65537, 't'), DType::i8, {1}, counting_bytes(1)));
    });
}

TEST_CASE("GGUF strings above 64 MiB are refused") {
    const std::uint64_t limit = 64 << 20;
    CHECK(parse(GgufWriter().set("key", std::string(limit, 'x'))).need_string("key").size() == limit);
    expect_error(ErrorCode::bad_file, {"'key'", "at most 67108864 bytes, found 67108865"},
                 [&] { parse(GgufWriter().set("key", std::string(limit + 1, 'x'))); });
}

TEST_CASE("threat CVE-2025-0315, threat CVE-2024-23605: GGUF array counts beyond the file allocate nothing") {
    struct Width {
        std::uint32_t type;
        std::uint64_t bytes;
    };
    const auto width =
        GENERATE(Width{0, 1}, Width{1, 1}, Width{2, 2}, Width{3, 2}, Width{4, 4}, Width{5, 4}, Width{6, 4},
                 Width{7, 1}, Width{8, 8}, Width{10, 8}, Width{11, 8}, Width{12, 8});
    for (const std::uint64_t count : extremes(16 / width.bytes, width.bytes)) {
        CAPTURE(width.type, count);
        Bytes value = array_header(width.type, count);
        value.resize(value.size() + 16);
        GgufWriter w;
        w.raw_set("list", array_type, value);
        const AllocationPeak peak;
        expect_error(ErrorCode::bad_file, {"'list'"}, [&] { parse(w); });
        CHECK(peak.bytes() < 1 << 20);
    }
}

TEST_CASE("threat imp#532: GGUF array elements of unknown type are refused and not stepped over") {
    for (const std::uint32_t type : {13u, 14u, 255u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
        Bytes value = array_header(type, std::uint64_t{1} << 60);
        value.resize(value.size() + 64);
        expect_error(ErrorCode::bad_file,
                     {"'list'", "a value type from 0 to 12, found " + std::to_string(type)},
                     [&] { parse(GgufWriter().raw_set("list", array_type, value)); });
    }
}

TEST_CASE("GGUF arrays of arrays are unsupported, however deep") {
    Bytes value;
    for (int depth = 0; depth < 100000; ++depth) {
        const auto level = array_header(array_type, 1);
        append_bytes(value, level.data(), level.size());
    }
    expect_error(ErrorCode::unsupported, {"'list'", "array of arrays"},
                 [&] { parse(GgufWriter().raw_set("list", array_type, value)); });
}

TEST_CASE("GGUF values of unknown type are refused") {
    for (const std::uint32_t type : {13u, 14u, 255u, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
        expect_error(ErrorCode::bad_file,
                     {"'key'", "a value type from 0 to 12, found " + std::to_string(type)},
                     [&] { parse(GgufWriter().raw_set("key", type, counting_bytes(64))); });
    }
}

TEST_CASE("GGUF booleans other than 0 and 1 are refused") {
    expect_error(ErrorCode::bad_file, {"'flag'", "a boolean, 0 or 1, found 2"},
                 [] { parse(GgufWriter().raw_set("flag", 7, Bytes{std::byte{2}})); });
    Bytes list = array_header(7, 2);
    append<std::uint8_t>(list, 1);
    append<std::uint8_t>(list, 255);
    expect_error(ErrorCode::bad_file, {"'flags'", "found 255"},
                 [&] { parse(GgufWriter().raw_set("flags", array_type, list)); });
}

TEST_CASE("GGUF arrays of unsigned integers of 2^63 and more are refused") {
    expect_error(ErrorCode::bad_file, {"'big'", "integers below 2^63, found 9223372036854775808"}, [] {
        parse(GgufWriter().set("big", std::vector<std::uint64_t>{1, std::uint64_t{1} << 63}));
    });
}

TEST_CASE("GGUF keys that come twice are refused") {
    expect_error(ErrorCode::bad_file, {"'key'", "a second time"},
                 [] { parse(GgufWriter().set("key", 1u).set("other", 2u).set("key", "x")); });
}

TEST_CASE("GGUF tensors that come twice are refused") {
    expect_error(ErrorCode::bad_file, {"'a'", "one tensor of this name"}, [] {
        parse(GgufWriter()
                  .tensor("a", DType::i8, {1}, counting_bytes(1))
                  .tensor("b", DType::i8, {1}, counting_bytes(1))
                  .tensor("a", DType::i8, {2}, counting_bytes(2)));
    });
}

TEST_CASE("threat CVE-2025-0317: GGUF alignment 0, or no power of two from 8 to 65536, is refused") {
    const auto value = GENERATE(0u, 1u, 2u, 3u, 4u, 13u, 24u, 33u, 131072u, 0x80000000u, 0xFFFFFFFFu);
    CAPTURE(value);
    GgufWriter w;
    w.set("general.alignment", value).tensor("a", DType::i8, {1}, counting_bytes(1));
    expect_error(ErrorCode::bad_file,
                 {"general.alignment", "a power of two from 8 to 65536", std::to_string(value)},
                 [&] { parse(w); });
}

TEMPLATE_TEST_CASE("threat llama.cpp#26318: GGUF alignment of another type than u32 is refused", "",
                   std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::int32_t, std::uint64_t,
                   std::int64_t, float, double, bool) {
    GgufWriter w;
    w.set("general.alignment", TestType(32)).tensor("a", DType::i8, {1}, counting_bytes(1));
    expect_error(ErrorCode::bad_file, {"general.alignment", "a value of type u32"}, [&] { parse(w); });
}

TEST_CASE("GGUF alignment as string or array is refused") {
    expect_error(ErrorCode::bad_file, {"general.alignment", "type u32, found type string"},
                 [] { parse(GgufWriter().set("general.alignment", "32")); });
    expect_error(ErrorCode::bad_file, {"general.alignment", "type u32, found type array"},
                 [] { parse(GgufWriter().set("general.alignment", std::vector<std::uint32_t>{32})); });
}

TEST_CASE("GGUF metadata that would take more than 1 GiB of memory are refused") {
    // 2^27 bytes in the file are 1 GiB as 64-bit integers. The file has a hole for them.
    const std::uint64_t count = 1 << 27;
    TemporaryDirectory folder;
    const auto path = folder / "m.gguf";
    GgufWriter().raw_set("list", array_type, array_header(0, count)).write(path);
    std::filesystem::resize_file(path, 1 << 28);
    const auto file = open_file(path, FileAccess::map);
    const AllocationPeak peak;
    expect_error(ErrorCode::bad_file, {"'list'", "metadata of at most 1073741824 bytes"}, [&] {
        format::gguf::read_file({path, file});
    });
    CHECK(peak.bytes() < 1 << 20);
}

TEST_CASE("threat llama.cpp#6774: GGUF that was truncated after it was mapped is an error and no SIGBUS") {
    TemporaryDirectory folder;
    const auto path = folder / "m.gguf";
    GgufWriter w = small_model();
    w.set("long", std::vector<std::int32_t>(1'000'000, 7));
    w.write(path);
    for (const std::uintmax_t left : {0, 4096, 2'000'000}) {
        w.write(path);
        const auto file = open_file(path, FileAccess::map);
        std::filesystem::resize_file(path, left);
        expect_error(ErrorCode::io, {"truncated"}, [&] { format::gguf::read_file({path, file}); });
    }
}
