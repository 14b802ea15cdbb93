#include <catch2/catch.hpp>
#include <cstring>
#include <limits>

#include "format/safetensors/safetensors.hpp"
#include "support/allocations.hpp"
#include "support/expect_error.hpp"
#include "support/gguf_writer.hpp"
#include "support/memory_file.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina;
using namespace lamina::test;
namespace safetensors = lamina::format::safetensors;

namespace {

Bytes file_of(std::string_view json, std::size_t data,
              std::optional<std::uint64_t> header_size = std::nullopt) {
    Bytes out;
    append<std::uint64_t>(out, header_size.value_or(json.size()));
    append_text(out, json);
    for (std::size_t i = 0; i < data; ++i) out.push_back(static_cast<std::byte>(i + 1));
    return out;
}

safetensors::Contents read(Bytes bytes) {
    return safetensors::read("t.safetensors", in_memory(std::move(bytes)));
}
safetensors::Contents read(std::string_view json, std::size_t data) { return read(file_of(json, data)); }

void refused(std::string_view json, std::size_t data, std::initializer_list<std::string_view> words) {
    CAPTURE(json);
    expect_error(ErrorCode::bad_file, words, [&] { read(json, data); });
}

// One tensor "a" of the type and shape, with the text given as data_offsets.
std::string entry(std::string_view dtype, std::string_view shape, std::string_view offsets) {
    return R"({"a":{"dtype":")" + std::string(dtype) + R"(","shape":)" + std::string(shape) +
           R"(,"data_offsets":)" + std::string(offsets) + "}}";
}

}  // namespace

TEST_CASE("safetensors: tensors come back with type, shape, bytes and place") {
    const auto contents =
        read(R"({"__metadata__":{"by":"test"},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},)"
             R"("a":{"shape":[1,2,2],"data_offsets":[0,4],"dtype":"I8"}}   )",
             12);
    REQUIRE(contents.tensors.size() == 2);
    CHECK(contents.tensors[0].name == "b");
    CHECK(contents.tensors[0].type == safetensors::ElementType::f32);
    CHECK(contents.tensors[0].bytes.size() == 8);
    CHECK(contents.tensors[0].bytes[0] == std::byte{5});
    CHECK(contents.tensors[1].shape == std::vector<std::uint64_t>{1, 2, 2});
    CHECK(contents.tensors[1].bytes[0] == std::byte{1});
    CHECK(contents.bytes->bytes()[contents.tensors[1].offset] == std::byte{1});
    CHECK(contents.metadata.at("by") == "test");
}

TEST_CASE("safetensors: single values, empty tensors and empty files") {
    CHECK(read(entry("F32", "[]", "[0,4]"), 4).tensors[0].bytes.size() == 4);
    CHECK(read(entry("F32", "[3,0]", "[0,0]"), 0).tensors[0].bytes.empty());
    CHECK(read("{}", 0).tensors.empty());
}

TEST_CASE("safetensors: element types have their sizes") {
    for (int i = 0; i <= static_cast<int>(safetensors::ElementType::f8_e5m2); ++i) {
        const auto type = static_cast<safetensors::ElementType>(i);
        const auto name = to_string(type);
        CAPTURE(name);
        CHECK(safetensors::element_type_from_name(name) == type);
        const auto size = size_of(type);
        const auto offsets = "[0," + std::to_string(3 * size) + "]";
        CHECK(read(entry(name, "[3]", offsets), 3 * size).tensors[0].bytes.size() == 3 * size);
        const auto dtype = dtype_of(type);
        if (dtype) CHECK(info(*dtype).block_bytes == size);
        refused(entry(name, "[4]", offsets), 3 * size, {"'a'"});
    }
}

TEST_CASE("safetensors: an unknown dtype is unsupported and named") {
    for (const char* dtype : {"F4", "f32", "", "F32 "}) {
        expect_error(ErrorCode::unsupported, {"'a'", "a known dtype", dtype},
                     [&] { read(entry(dtype, "[1]", "[0,4]"), 4); });
    }
}

TEST_CASE("threat mlx#3363: safetensors header sizes beyond the file or 100 MB are refused") {
    for (const std::uint64_t size :
         {std::uint64_t{3}, std::uint64_t{1} << 31, std::uint64_t{1} << 32, std::uint64_t{1} << 63,
          std::numeric_limits<std::uint64_t>::max(), std::numeric_limits<std::uint64_t>::max() - 7}) {
        const AllocationPeak peak;
        expect_error(ErrorCode::bad_file, {"header size", "at most 2 bytes"},
                     [&] { read(file_of("{}", 0, size)); });
        CHECK(peak.bytes() < 1 << 20);
    }
    expect_error(ErrorCode::bad_file, {"header size", "at most 100000000 bytes", "100000001"},
                 [] { read(file_of("{}", 100'000'001, 100'000'001)); });
    expect_error(ErrorCode::bad_file, {"header"}, [] { read(file_of("{}", 0, 0)); });
    expect_error(ErrorCode::bad_file, {"header"}, [] { read(file_of("{}", 0, 1)); });
}

TEST_CASE("safetensors: truncated at every byte is refused") {
    const Bytes whole = file_of(entry("I8", "[4]", "[0,4]"), 4);
    REQUIRE(read(whole).tensors.size() == 1);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        CHECK_THROWS_AS(read(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))), Error);
    }
}

TEST_CASE("safetensors: any changed byte of the header is refused or a file") {
    const std::string json = R"({"__metadata__":{"k":"v"},)" + entry("I8", "[4]", "[0,4]").substr(1);
    const Bytes whole = file_of(json, 4);
    REQUIRE(read(whole).tensors.size() == 1);
    for (std::size_t i = 0; i < 8 + json.size(); ++i) {
        for (int value = 0; value < 256; ++value) {
            Bytes bytes = whole;
            bytes[i] = static_cast<std::byte>(value);
            try {
                read(std::move(bytes));
            } catch (const Error& error) {
                REQUIRE((error.code() == ErrorCode::bad_file || error.code() == ErrorCode::unsupported));
            }
        }
    }
}

TEST_CASE("threat mlx#3363: safetensors offsets must be what shape and dtype ask for") {
    refused(entry("F32", "[2]", "[0,4]"), 4, {"'a'", "F32[2] to have 8 bytes", "bytes 0 to 4"});
    refused(entry("F32", "[1]", "[0,8]"), 8, {"'a'", "4 bytes"});
    refused(entry("F32", "[1]", "[4,0]"), 4, {"'a'", "a range within 4 bytes", "bytes 4 to 0"});
    refused(entry("F32", "[2]", "[0,8]"), 4, {"'a'", "a range within 4 bytes"});
    refused(entry("F32", "[1]", "[18446744073709551612,18446744073709551615]"), 4, {"'a'"});
    refused(entry("I8", "[18446744073709551615]", "[0,18446744073709551615]"), 4, {"'a'", "within"});
}

TEST_CASE("safetensors: shapes whose size wraps are refused") {
    refused(entry("I8", "[4294967296,4294967296]", "[0,0]"), 0, {"'a'", "fits into 64 bits"});
    refused(entry("F32", "[4611686018427387905]", "[0,4]"), 4, {"'a'", "fits into 64 bits"});
    refused(entry("F64", "[2305843009213693953]", "[0,8]"), 8, {"'a'", "fits into 64 bits"});
}

TEST_CASE("threat mlx#3363: safetensors overlaps, gaps and bytes of nobody are refused") {
    const auto two = [](std::string_view a, std::string_view b) {
        return R"({"a":{"dtype":"I8","shape":[4],"data_offsets":)" + std::string(a) +
               R"(},"b":{"dtype":"I8","shape":[4],"data_offsets":)" + std::string(b) + "}}";
    };
    CHECK(read(two("[4,8]", "[0,4]"), 8).tensors.size() == 2);
    refused(two("[0,4]", "[2,6]"), 6, {"'b'", "an overlap"});
    refused(two("[0,4]", "[0,4]"), 4, {"'b'", "an overlap"});
    refused(two("[0,4]", "[5,9]"), 9, {"'b'", "a gap"});
    refused(two("[1,5]", "[5,9]"), 9, {"'a'", "data from byte 0 on", "a gap"});
    refused(two("[0,4]", "[4,8]"), 9, {"fill 9 bytes", "found 8 bytes"});
    refused("{}", 1, {"fill 1 bytes"});
}

TEST_CASE("threat mlx#3363: safetensors names and fields that come twice are refused") {
    const std::string one = R"({"dtype":"I8","shape":[1],"data_offsets":[0,1]})";
    refused(R"({"a":)" + one + R"(,"a":)" + one + "}", 1, {"'a'", "one tensor of this name"});
    refused(R"({"a":{"dtype":"I8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", 1,
            {"'a'", "one field 'dtype'"});
    refused(R"({"a":{"dtype":"I8","shape":[1],"shape":[1],"data_offsets":[0,1]}})", 1, {"'a'", "shape"});
    refused(R"({"__metadata__":{"k":"1","k":"2"}})", 0, {"__metadata__", "'k'"});
    refused(R"({"__metadata__":{},"__metadata__":{}})", 0, {"__metadata__"});
}

TEST_CASE("safetensors: missing and unknown fields are refused") {
    refused(R"({"a":{}})", 0, {"'a'", "dtype, shape and data_offsets"});
    refused(R"({"a":{"dtype":"I8","shape":[1]}})", 1, {"'a'"});
    refused(R"({"a":{"dtype":"I8","data_offsets":[0,1]}})", 1, {"'a'"});
    refused(R"({"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1],"x":1}})", 1, {"'a'", "the field 'x'"});
}

TEST_CASE("threat mlx#3363: safetensors offsets and dimensions that are no integers are refused") {
    for (const char* bad :
         {"-1", "1.0", "1e3", "NaN", "null", "true", "\"1\"", "[]", "{}", "18446744073709551616", "-0"}) {
        const std::string text = bad;
        refused(entry("I8", "[1]", "[0," + text + "]"), 1, {});
        refused(entry("I8", "[1]", "[" + text + ",1]"), 1, {});
        refused(entry("I8", "[" + text + "]", "[0,1]"), 1, {});
    }
    refused(entry("I8", "[1]", "[0]"), 1, {"two offsets, found 1"});
    refused(entry("I8", "[1]", "[]"), 1, {"two offsets"});
    refused(entry("I8", "[1]", "[0,1,1]"), 1, {"two offsets, found more"});
    refused(entry("I8", "1", "[0,1]"), 1, {"an array as shape"});
    refused(entry("I8", "[1]", "1"), 1, {"an array as data_offsets"});
    refused(entry("I8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1, {"at most 8 dimensions"});
}

TEST_CASE("safetensors: JSON of another build is refused") {
    for (const char* json : {"[]",
                             "1",
                             "\"a\"",
                             "null",
                             " {}",
                             "{",
                             "{\"a\"",
                             "{\"a\":",
                             "{\"a\":1}",
                             "{\"a\":[]}",
                             "{\"a\":null}",
                             "{}x",
                             "{}{}",
                             "{\"__metadata__\":1}",
                             "{\"__metadata__\":{\"k\":1}}",
                             "{\"__metadata__\":{\"k\":{}}}",
                             "{\"__metadata__\":{\"k\":[\"x\"]}}",
                             "{\"a\":{\"dtype\":1}}",
                             "{\"a\":{\"dtype\":{\"dtype\":{}}}}",
                             "{\"a\xFF\":1}",
                             "{,}",
                             "// c\n{}"}) {
        refused(json, 0, {"t.safetensors"});
    }
    refused(std::string_view("{}\0garbage", 10), 0, {"a zero byte"});
}

TEST_CASE("threat mlx#3363: safetensors deep JSON is refused without depth of stack") {
    const std::string arrays(1'000'000, '[');
    refused("{\"a\":" + arrays, 0, {"an object, found an array"});
    refused("{\"a\":{\"shape\":" + arrays, 0, {"'a'"});
    std::string objects;
    for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
    refused(objects, 0, {"'a'"});
}

TEST_CASE("safetensors: an error stays one short line for a hostile name") {
    const std::string name = "x\\n\\u001b[31m" + std::string(2000, 'y');
    try {
        read("{\"" + name + "\":1}", 0);
        FAIL("no error");
    } catch (const Error& error) {
        const std::string text = error.what();
        CHECK(text.find('\n') == std::string::npos);
        CHECK(text.find('\x1b') == std::string::npos);
        CHECK(text.size() < 500);
    }
}
