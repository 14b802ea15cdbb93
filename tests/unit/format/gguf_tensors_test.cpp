// GGUF tensor descriptions that break one rule each.
#include <catch2/catch.hpp>
#include <limits>

#include "gguf_cases.hpp"
#include "support/expect_error.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint32_t q4_0 = 2;
constexpr std::uint32_t i8 = 24;

// One tensor "t" with dimensions in the file's order and some bytes of data.
GgufWriter one_tensor(std::uint32_t type, std::vector<std::uint64_t> dimensions, std::size_t data = 64) {
    return GgufWriter().raw_tensor("t", type, std::move(dimensions), counting_bytes(data));
}

// n with n * odd = 1 modulo 2^64 (Newton's iteration doubles the right bits each time).
std::uint64_t inverse(std::uint64_t odd) {
    std::uint64_t out = odd;
    for (int i = 0; i < 6; ++i) out *= 2 - odd * out;
    return out;
}

}  // namespace

TEST_CASE("GGUF tensors of no, five or 2^32-1 dimensions are refused") {
    expect_error(ErrorCode::bad_file, {"'t'", "1 to 4 dimensions, found 0"},
                 [] { parse(one_tensor(0, {})); });
    expect_error(ErrorCode::bad_file, {"'t'", "found 5"}, [] { parse(one_tensor(0, {1, 1, 1, 1, 1})); });
    auto image = one_tensor(0, {1}).image();
    const std::uint32_t count = ~0u;
    std::memcpy(image.bytes.data() + 24 + 8 + 1, &count, 4);
    expect_error(ErrorCode::bad_file, {"'t'", "found 4294967295 dimensions"}, [&] { parse(image.bytes); });
}

TEST_CASE("GGUF tensors with a dimension of zero are refused") {
    for (const auto& dimensions :
         std::vector<std::vector<std::uint64_t>>{{0}, {32, 0}, {0, 32}, {32, 1, 0, 1}}) {
        expect_error(ErrorCode::bad_file, {"'t'", "dimensions of at least 1"},
                     [&] { parse(one_tensor(0, dimensions)); });
    }
}

TEST_CASE("GGUF tensor types that do not exist give an error with tensor and number") {
    for (const std::uint32_t id : {42u, 43u, 100u, 255u, 0x7FFFFFFFu, 0x80000000u, 0xFFFFFFFFu}) {
        expect_error(ErrorCode::bad_file, {"'t'", "type number " + std::to_string(id), "does not exist"},
                     [&] { parse(one_tensor(id, {32})); });
    }
}

TEST_CASE("GGUF tensor types that lamina cannot read give an error with tensor, number and name") {
    struct Known {
        std::uint32_t id;
        const char* name;
    };
    const auto known =
        GENERATE(Known{4, "Q4_2"}, Known{5, "Q4_3"}, Known{9, "Q8_1"}, Known{15, "Q8_K"},
                 Known{31, "Q4_0_4_4"}, Known{32, "Q4_0_4_8"}, Known{33, "Q4_0_8_8"}, Known{36, "IQ4_NL_4_4"},
                 Known{37, "IQ4_NL_4_8"}, Known{38, "IQ4_NL_8_8"}, Known{41, "Q1_0"});
    expect_error(ErrorCode::unsupported, {"'t'", "type number " + std::to_string(known.id), known.name},
                 [&] { parse(one_tensor(known.id, {256})); });
}

TEST_CASE("GGUF numbers of tensor types are all either read, named or unknown") {
    int read = 0;
    for (std::uint32_t id = 0; id < 64; ++id) {
        const auto type = format::gguf::dtype_from_id(id);
        if (!type) continue;
        ++read;
        CHECK(format::gguf::id_of(*type) == id);
        CHECK(format::gguf::unsupported_type_name(id).empty());
    }
    CHECK(read == dtype_count);
}

TEST_CASE("GGUF rows that are no whole number of blocks are refused") {
    for (int i = 0; i < dtype_count; ++i) {
        const auto type = static_cast<DType>(i);
        if (info(type).block_size == 1) continue;
        for (const std::uint64_t columns : {std::uint64_t{1}, info(type).block_size - std::uint64_t{1},
                                            info(type).block_size + std::uint64_t{1}}) {
            expect_error(ErrorCode::bad_file, {"'t'", "multiple of", info(type).name}, [&] {
                parse(one_tensor(format::gguf::id_of(type), {columns, 256}));
            });
        }
    }
}

TEST_CASE("threat llama.cpp#27200: GGUF Q4_0 of 5124095576030431008 columns is not two bytes") {
    expect_error(ErrorCode::bad_file, {"'t'", "2882303761517117442 bytes", "ends at byte"},
                 [] { parse(one_tensor(q4_0, {5124095576030431008u})); });
}

TEST_CASE("threat llama.cpp#27203: GGUF element counts that wrap are refused") {
    const auto max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    expect_error(ErrorCode::bad_file, {"'t'"}, [&] { parse(one_tensor(i8, {max, 2, 1, 1})); });
    expect_error(ErrorCode::bad_file, {"'t'", "fits into 64 bits"}, [&] {
        parse(one_tensor(i8, {max, 3, 1, 1}));
    });
    expect_error(ErrorCode::bad_file, {"'t'", "fits into 64 bits"}, [] {
        parse(one_tensor(i8, {most, most, most, most}));
    });
    const std::uint64_t half = std::uint64_t{1} << 32;
    expect_error(ErrorCode::bad_file, {"'t'", "fits into 64 bits"}, [&] {
        parse(one_tensor(i8, {half, half}));
    });
    expect_error(ErrorCode::bad_file, {"'t'", "fits into 64 bits"}, [&] {
        parse(one_tensor(0, {half, half + 1}));
    });
}

TEST_CASE("threat CVE-2026-33298: GGUF sizes that wrap to a few bytes are refused for every type") {
    for (int i = 0; i < dtype_count; ++i) {
        const auto type = static_cast<DType>(i);
        CAPTURE(info(type).name);
        const std::uint64_t bytes = info(type).block_bytes;
        const int twos = __builtin_ctzll(bytes);
        const std::uint64_t odd = bytes >> twos;
        // `rows` blocks of this type take 2^twos bytes modulo 2^64.
        std::uint64_t rows =
            twos == 0 ? inverse(odd) : inverse(odd) & ((std::uint64_t{1} << (64 - twos)) - 1);
        if (odd == 1 && twos > 0) rows = (std::uint64_t{1} << (64 - twos)) + 1;
        if (bytes == 1) continue;  // element counts of one byte are the case above
        REQUIRE(rows * bytes == std::uint64_t{1} << twos);
        expect_error(ErrorCode::bad_file, {"'t'", "fits into 64 bits"}, [&] {
            parse(one_tensor(format::gguf::id_of(type), {info(type).block_size, rows}));
        });
    }
    // The dimension of the report.
    expect_error(ErrorCode::bad_file, {"'t'"}, [] {
        const std::uint64_t dimension = (std::uint64_t{1} << 42) + 1;
        parse(one_tensor(0, {dimension, dimension}));
    });
}

TEST_CASE("threat CVE-2025-53630, threat CVE-2026-27940: GGUF sums of sizes that wrap are refused") {
    const std::uint64_t large = 0x7FFFFFFFFFFFFFC0u;
    GgufWriter w;
    w.raw_tensor("a", i8, {large}, counting_bytes(64), 0)
        .raw_tensor("b", i8, {large}, counting_bytes(64), large);
    expect_error(ErrorCode::bad_file, {"'a'", "ends at byte"}, [&] { parse(w); });
    GgufWriter wraps;
    wraps.raw_tensor("a", i8, {64}, counting_bytes(64), 0)
        .raw_tensor("b", i8, {128}, counting_bytes(64), most - 63);
    expect_error(ErrorCode::bad_file, {"'b'", "ends at byte"}, [&] { parse(wraps); });
}

TEST_CASE("threat CVE-2026-53923: GGUF dimensions around 2^31 and 2^32 are not narrowed") {
    for (const std::uint64_t base :
         {std::uint64_t{1} << 31, std::uint64_t{1} << 32, std::uint64_t{1} << 33}) {
        for (const std::uint64_t dimension : {base - 1, base, base + 1, base + 64}) {
            expect_error(ErrorCode::bad_file, {"'t'", std::to_string(dimension) + " bytes"},
                         [&] { parse(one_tensor(i8, {dimension})); });
        }
    }
}

TEST_CASE("threat CVE-2024-12055, threat CVE-2026-7482: GGUF data beyond the end of the file are refused") {
    // 64 bytes of data: offsets at which 32 bytes do and do not fit.
    const auto at = [](std::uint64_t offset) {
        GgufWriter w;
        w.raw_tensor("t", i8, {32}, counting_bytes(64), offset);
        return parse(w);
    };
    CHECK(at(0).find("t")->bytes.size() == 32);
    CHECK(at(32).find("t")->bytes.size() == 32);
    for (const std::uint64_t offset :
         {std::uint64_t{64}, std::uint64_t{96}, std::uint64_t{1} << 31, std::uint64_t{1} << 32,
          std::uint64_t{1} << 63, most - 31, most - 63}) {
        CAPTURE(offset);
        expect_error(ErrorCode::bad_file, {"'t'", "damaged or not completely downloaded"},
                     [&] { at(offset); });
    }
}

TEST_CASE("GGUF offsets that are not aligned are refused") {
    for (const std::uint64_t offset :
         {std::uint64_t{1}, std::uint64_t{16}, std::uint64_t{31}, std::uint64_t{33}, most}) {
        GgufWriter w;
        w.raw_tensor("t", i8, {1}, counting_bytes(64), offset);
        expect_error(ErrorCode::bad_file, {"'t'", "a multiple of 32, found " + std::to_string(offset)},
                     [&] { parse(w); });
    }
}

TEST_CASE("GGUF tensors that overlap are refused") {
    const auto overlapping = [](std::uint64_t first, std::uint64_t second) {
        GgufWriter w;
        w.raw_tensor("a", i8, {64}, counting_bytes(64), first)
            .raw_tensor("b", i8, {32}, counting_bytes(64), second);
        return w;
    };
    CHECK_NOTHROW(parse(overlapping(0, 64)));
    CHECK_NOTHROW(parse(overlapping(32, 0)));
    expect_error(ErrorCode::bad_file, {"'a'", "overlap those of 'b'"}, [&] { parse(overlapping(0, 0)); });
    expect_error(ErrorCode::bad_file, {"'b'", "overlap those of 'a'"}, [&] { parse(overlapping(0, 32)); });
    expect_error(ErrorCode::bad_file, {"'b'", "overlap"}, [&] { parse(overlapping(32, 64)); });
}

TEST_CASE("GGUF tensor that contains another one but not the next is found") {
    GgufWriter w;
    w.raw_tensor("outer", i8, {96}, counting_bytes(96), 0).raw_tensor("inner", i8, {1}, {}, 0);
    w.raw_tensor("after", i8, {1}, {}, 64);
    expect_error(ErrorCode::bad_file, {"overlap"}, [&] { parse(w); });
}
