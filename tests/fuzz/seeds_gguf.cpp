// Seeds of model files: every metadata type, both versions, parts, small models of every weight type and
// feature.
#include <algorithm>
#include <string>

#include "fuzz/gguf_names.hpp"
#include "fuzz/seeds.hpp"
#include "support/gguf_writer.hpp"
#include "unit/format/gguf_cases.hpp"

namespace lamina::fuzz {
namespace {

using test::Bytes;
using test::GgufWriter;

std::string text_of(const Bytes& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Arrays of every type of element.
GgufWriter all_arrays() {
    GgufWriter w;
    w.set("u8", std::vector<std::uint8_t>{0, 255}).set("i8", std::vector<std::int8_t>{-128, 127});
    w.set("u16", std::vector<std::uint16_t>{0, 65535}).set("i16", std::vector<std::int16_t>{-32768});
    w.set("u32", std::vector<std::uint32_t>{4000000000}).set("i32", std::vector<std::int32_t>{-1, 1});
    w.set("u64", std::vector<std::uint64_t>{1u << 31}).set("i64", std::vector<std::int64_t>{-5});
    w.set("f32", std::vector<float>{0.5f}).set("f64", std::vector<double>{0.1, 1e300});
    w.set("bool", std::vector<bool>{true, false}).set("none", std::vector<std::string>{});
    w.set("texts", std::vector<std::string>{"a", "", "longer than fifteen bytes"});
    return w;
}

// Files that break one rule each.
void add_wrong_files(SeedFolder& out) {
    Bytes nested;
    test::append<std::uint32_t>(nested, 9);
    test::append<std::uint64_t>(nested, 0);
    out.add("array-of-arrays", GgufWriter().raw_set("key", 9, nested).bytes());
    out.add("element-type", GgufWriter().raw_set("key", 9, Bytes(12, std::byte{0x0D})).bytes());
    out.add("value-type", GgufWriter().raw_set("key", 13, Bytes(8)).bytes());
    out.add("boolean-of-2", GgufWriter().raw_set("key", 7, Bytes(1, std::byte{2})).bytes());
    out.add("u64-beyond-i64", GgufWriter().set("key", std::vector<std::uint64_t>{~std::uint64_t{0}}).bytes());
    out.add("key-twice", GgufWriter().set("key", 1).set("key", 2).bytes());
    out.add("alignment-of-7", GgufWriter().set("general.alignment", std::uint32_t{7}).bytes());
    for (std::uint32_t type = 0; type < 13; ++type) {
        out.add("alignment-type", GgufWriter().raw_set("general.alignment", type, Bytes(16)).bytes());
    }
    const auto tensor = [&](const char* name, std::uint32_t type, std::vector<std::uint64_t> shape,
                            std::optional<std::uint64_t> offset = std::nullopt) {
        GgufWriter w;
        w.raw_tensor("first", 0, {8}, Bytes(32))
            .raw_tensor("second", type, std::move(shape), Bytes(64), offset);
        out.add(name, w.bytes());
    };
    for (const std::uint32_t type : {4, 5, 9, 15, 31, 32, 33, 36, 37, 38, 41})
        tensor("unread-type", type, {16});
    tensor("no-type", 99, {16});
    tensor("no-dimension", 0, {});
    tensor("five-dimensions", 0, {1, 1, 1, 1, 1});
    tensor("empty-dimension", 0, {0, 4});
    tensor("size-wraps", 0, {std::uint64_t{1} << 40, std::uint64_t{1} << 40});
    tensor("half-a-block", 8, {33});
    tensor("odd-offset", 0, {16}, 33);
    tensor("offset-wraps", 0, {16}, ~std::uint64_t{31});
    tensor("overlap", 0, {16}, 0);
    GgufWriter twice;
    twice.raw_tensor("first", 0, {8}, Bytes(32)).raw_tensor("first", 0, {8}, Bytes(32));
    out.add("name-twice", twice.bytes());
    for (const auto& [name, head] : {std::pair{"big-endian", std::string("FUGG\0\0\0\3", 8)},
                                     {"big-endian-version", std::string("GGUF\0\0\0\3", 8)},
                                     {"version-1", std::string("GGUF\1\0\0\0", 8)},
                                     {"version-0", std::string("GGUF\0\0\0\0", 8)},
                                     {"other", std::string("ggjt\1\0\0\0", 8)}}) {
        out.add(name, head + std::string(16, '\0'));
    }
}

GgufWriter second_version() {
    auto out = test::small_model();
    out.version = 2;
    return out;
}

GgufWriter aligned(std::uint32_t alignment) {
    auto out = test::small_model();
    out.set_alignment(alignment);
    return out;
}

void write_reader_seeds(const std::filesystem::path& root) {
    SeedFolder out(root, "gguf");
    out.add("every-value-type", test::small_model().bytes());
    out.add("every-array-type", all_arrays().bytes());
    out.add("version-2", second_version().bytes());
    out.add("alignment-8", aligned(8).bytes());
    out.add("alignment-64", aligned(64).bytes());
    out.add("nothing", GgufWriter().bytes());
    GgufWriter types;
    for (int i = 0; i < dtype_count; ++i) {
        const auto type = static_cast<DType>(i);
        types.tensor(std::string(info(type).name), type, {info(type).block_size},
                     Bytes(info(type).block_bytes));
    }
    out.add("every-tensor-type", types.bytes());
    add_wrong_files(out);
    std::string names;
    for (const auto key : gguf_keys) names += "\"" + std::string(key) + "\"\n";
    for (const auto name : gguf_tensors) names += "\"" + std::string(name) + "\"\n";
    for (const auto text : gguf_texts) names += "\"" + std::string(text) + "\"\n";
    write_file(root / "gguf.dict", names);
}

// The format of fuzz_gguf_parts.cpp.
std::string files(std::uint8_t choice, const std::vector<std::string>& contents) {
    std::string out(1, static_cast<char>(choice));
    for (std::size_t i = 0; i < 4; ++i) {
        const std::string file = i < contents.size() ? contents[i] : "";
        out += {static_cast<char>(file.size() & 255), static_cast<char>(file.size() >> 8)};
        out += file;
    }
    return out;
}

void write_parts_seeds(const std::filesystem::path& root) {
    SeedFolder out(root, "gguf_parts");
    GgufWriter model;
    model.set("general.architecture", "llama");
    for (const char* name : {"a", "b", "c"}) model.tensor(name, DType::f32, {8}, Bytes(32, std::byte{1}));
    std::vector<std::string> parts;
    for (std::uint16_t i = 0; i < 3; ++i) parts.push_back(text_of(model.part_of(i, 3).bytes()));
    const std::string whole = text_of(model.bytes());
    for (const std::uint8_t choice : {0, 1, 2, 4, 5, 6}) out.add("parts", files(choice, parts));
    for (const std::uint8_t choice : {3, 7}) out.add("whole", files(choice, {"", "", "", whole}));
    out.add("none", files(3, {}));
    out.add("part-missing", files(0, {parts[0], parts[1]}));
    out.add("part-of-no-set", files(0, {parts[0], whole, parts[2]}));
    out.add("part-twice", files(0, {parts[0], parts[0], parts[2]}));
    out.add("name-of-no-part", files(3, {"", "", "", parts[0]}));
    const auto of_two = model.part_of(1, 2);
    out.add("other-count", files(0, {parts[0], text_of(of_two.bytes()), parts[2]}));
    GgufWriter more = model;
    more.tensor("d", DType::f32, {8}, Bytes(32));
    out.add("other-total", files(0, {parts[0], text_of(more.part_of(1, 3).bytes()), parts[2]}));
    out.add("too-many", files(0, {text_of(more.part_of(0, 3).bytes()), text_of(more.part_of(1, 3).bytes()),
                                  text_of(more.part_of(1, 3).bytes())}));
    auto lacking = model.part_of(2, 3);
    out.add("too-few", files(0, {parts[0], parts[1], text_of(lacking.remove_tensor("c").bytes())}));
    for (const char* text : {"version https://git-lfs.github.com/spec/v1", "<!DOCTYPE html>",
                             "PK\x03\x04 zip", "ggjt", "plain text of a README",
                             "\x7F"
                             "ELF\x01\x02"}) {
        out.add("no-model", files(3, {"", "", "", text}));
    }
    out.add("safetensors", files(3, {"", "", "", std::string("\2\0\0\0\0\0\0\0{}", 10)}));
}

}  // namespace

void write_gguf_seeds(const std::filesystem::path& root) {
    write_reader_seeds(root);
    write_parts_seeds(root);
}

void write_tensor_file_seeds(const std::filesystem::path& root) {
    SeedFolder out(root, "tensor_file");
    const auto file = [](std::string_view json, std::size_t data) {
        Bytes bytes;
        test::append_string(bytes, json);
        bytes.resize(bytes.size() + data, std::byte{0x3C});
        return bytes;
    };
    out.add("empty", file("{}", 0));
    out.add("two",
            file(R"({"__metadata__":{"by":"me"},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},)"
                 R"("a":{"shape":[1,2,2],"data_offsets":[0,4],"dtype":"I8"}}   )",
                 12));
    out.add("scalar", file(R"({"x":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}})", 2));
    out.add("no-values", file(R"({"x":{"dtype":"U8","shape":[3,0],"data_offsets":[0,0]}})", 0));
    for (const auto& [type, size] : {std::pair{"F64", 8},
                                     {"F32", 4},
                                     {"F16", 2},
                                     {"BF16", 2},
                                     {"I64", 8},
                                     {"I32", 4},
                                     {"I16", 2},
                                     {"I8", 1},
                                     {"U64", 8},
                                     {"U32", 4},
                                     {"U16", 2},
                                     {"U8", 1},
                                     {"BOOL", 1},
                                     {"F8_E4M3", 1},
                                     {"F8_E5M2", 1},
                                     {"F4", 1}}) {
        out.add(type, file("{\"" + std::string(type) + "\":{\"dtype\":\"" + type +
                               "\",\"shape\":[2],\"data_offsets\":[0," + std::to_string(2 * size) + "]}}",
                           static_cast<std::size_t>(2 * size)));
    }
    for (
        const char* json :
        {R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
         R"({"x":{"dtype":"F32","shape":[9]}})",
         R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
         R"({"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})",
         R"({"x":{"dtype":1,"shape":[2],"data_offsets":[0,8]}})",
         R"({"x":{"dtype":"F32","shape":{},"data_offsets":[]}})",
         R"({"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}})",
         R"({"x":{"data_offsets":[0]}})",
         R"({"x":{"data_offsets":[0,1,2]}})",
         R"({"x":{"shape":[1,1,1,1,1,1,1,1,1]}})",
         R"({"x":{"dtype":["a"]}})",
         R"({"x":{"other":1}})",
         R"({"x":{"dtype":"F32","dtype":"F32"}})",
         R"({"x":null,"y":true})",
         R"({"x":[]})",
         R"({"x":{},"x":{}})",
         R"({"__metadata__":{"a":"b","a":"c"}})",
         R"({"__metadata__":{"a":1.5}})",
         R"({"x":"y"})",
         R"({"x":{"shape":[[1]]}})",
         R"({"x":{"data_offsets":0}})",
         R"({"x":1.0})",
         R"({"x)",
         R"([1])",
         R"({}})"}) {
        out.add("wrong", file(json, 12));
    }
    auto long_header = file("{}", 4);
    long_header[0] = std::byte{0xFF};
    out.add("header-too-long", long_header);
    out.add("zero-byte", file(std::string_view("{\0}", 3), 0));
    out.add("cut", Bytes(5));
    write_file(root / "tensor_file.dict",
               "\"__metadata__\"\n\"dtype\"\n\"shape\"\n\"data_"
               "offsets\"\n\"F32\"\n\"BF16\"\n\"I64\"\n\"U8\"\n\"F8_E4M3\"\n"
               "\"18446744073709551615\"\n\"{}\"\n\"[0,8]\"\n");
}

}  // namespace lamina::fuzz
