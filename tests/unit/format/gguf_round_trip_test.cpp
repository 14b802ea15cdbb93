#include <catch2/catch.hpp>
#include <cstring>
#include <limits>

#include "gguf_cases.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina;
using namespace lamina::test;
using namespace lamina::format;

namespace {

template <class T>
const T& get(const ModelFile& model, std::string_view key) {
    const auto at = model.metadata.find(key);
    REQUIRE(at != model.metadata.end());
    REQUIRE(std::holds_alternative<T>(at->second));
    return std::get<T>(at->second);
}

bool same(std::span<const std::byte> a, const Bytes& b) {
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), b.size()) == 0;
}

}  // namespace

TEST_CASE("GGUF metadata of every scalar type come back widened") {
    const auto model = parse(small_model());
    CHECK(get<std::uint64_t>(model, "u8") == 200);
    CHECK(get<std::int64_t>(model, "i8") == -100);
    CHECK(get<std::uint64_t>(model, "u16") == 60000);
    CHECK(get<std::int64_t>(model, "i16") == -30000);
    CHECK(get<std::uint64_t>(model, "u32") == 4000000000);
    CHECK(get<std::int64_t>(model, "i32") == -2000000000);
    CHECK(get<std::uint64_t>(model, "u64") == std::numeric_limits<std::uint64_t>::max());
    CHECK(get<std::int64_t>(model, "i64") == -5000000000);
    CHECK(get<double>(model, "f32") == 0.5);
    CHECK(get<double>(model, "f64") == 0.1);
    CHECK(get<bool>(model, "yes"));
    CHECK_FALSE(get<bool>(model, "no"));
    CHECK(get<std::string>(model, "general.architecture") == "llama");
    CHECK(get<std::string>(model, "empty").empty());
    CHECK(model.metadata.size() == 17);
}

TEST_CASE("GGUF metadata arrays of every type come back widened") {
    GgufWriter w;
    w.set("u8", std::vector<std::uint8_t>{0, 255}).set("i8", std::vector<std::int8_t>{-128, 127});
    w.set("u16", std::vector<std::uint16_t>{65535}).set("i16", std::vector<std::int16_t>{-32768});
    w.set("u32", std::vector<std::uint32_t>{4294967295}).set("i32", std::vector<std::int32_t>{-2147483647});
    w.set("u64", std::vector<std::uint64_t>{9223372036854775807u}).set("i64", std::vector<std::int64_t>{-9});
    w.set("f32", std::vector<float>{1.5f, -0.0f}).set("f64", std::vector<double>{1e300});
    w.set("bool", std::vector<bool>{true, false, true});
    w.set("string", std::vector<std::string>{"x", "", std::string("a\0b", 3)});
    w.set("none", std::vector<std::int32_t>{}).set("no strings", std::vector<std::string>{});
    const auto model = parse(w);
    CHECK(get<Integers>(model, "u8") == Integers{0, 255});
    CHECK(get<Integers>(model, "i8") == Integers{-128, 127});
    CHECK(get<Integers>(model, "u16") == Integers{65535});
    CHECK(get<Integers>(model, "i16") == Integers{-32768});
    CHECK(get<Integers>(model, "u32") == Integers{4294967295});
    CHECK(get<Integers>(model, "i32") == Integers{-2147483647});
    CHECK(get<Integers>(model, "u64") == Integers{9223372036854775807});
    CHECK(get<Integers>(model, "i64") == Integers{-9});
    CHECK(get<Reals>(model, "f32") == Reals{1.5, 0.0});
    CHECK(get<Reals>(model, "f64") == Reals{1e300});
    CHECK(get<Integers>(model, "bool") == Integers{1, 0, 1});
    CHECK(get<Strings>(model, "string") == Strings{"x", "", std::string("a\0b", 3)});
    CHECK(get<Integers>(model, "none").empty());
    CHECK(get<Strings>(model, "no strings").empty());
}

TEST_CASE("GGUF tensors come back with shape, type, bytes and place") {
    const auto version = GENERATE(2u, 3u);
    auto w = small_model();
    w.version = version;
    const auto image = w.image();
    const auto model = parse(image.bytes);
    REQUIRE(model.tensors.size() == 4);
    CHECK(model.tensors[0].name == "first");
    CHECK(model.tensors[0].shape == std::vector<std::uint64_t>{2, 3});
    CHECK(model.tensors[0].offset == image.data_begin);
    CHECK(same(model.tensors[0].bytes, counting_bytes(24)));
    const Tensor* third = model.find("third");
    REQUIRE(third != nullptr);
    CHECK(third->type == DType::q4_k);
    CHECK(third->shape == std::vector<std::uint64_t>{2, 1, 256});
    CHECK(third->columns() == 256);
    CHECK(third->rows() == 2);
    CHECK(third->elements() == 512);
    CHECK(same(third->bytes, counting_bytes(288)));
    CHECK(third->offset == image.data_begin + 32 + 96);
    CHECK(third->file == 0);
    CHECK(model.find("fourth")->bytes.size() == 5);
    CHECK(model.find("fifth") == nullptr);
}

TEST_CASE("GGUF tensors of every type have the bytes of their blocks") {
    GgufWriter w;
    for (int i = 0; i < dtype_count; ++i) {
        const auto type = static_cast<DType>(i);
        const std::uint64_t columns = info(type).block_size * 2;
        w.tensor(std::string(info(type).name), type, {3, columns},
                 counting_bytes(3 * row_bytes(type, columns)));
    }
    const auto model = parse(w);
    REQUIRE(model.tensors.size() == dtype_count);
    for (int i = 0; i < dtype_count; ++i) {
        const auto type = static_cast<DType>(i);
        CAPTURE(info(type).name);
        const Tensor* tensor = model.find(info(type).name);
        REQUIRE(tensor != nullptr);
        CHECK(tensor->type == type);
        CHECK(same(tensor->bytes, counting_bytes(6 * info(type).block_bytes)));
    }
}

TEST_CASE("GGUF alignment from 8 to 65536 places the data") {
    const auto alignment = GENERATE(8u, 16u, 32u, 64u, 4096u, 65536u);
    GgufWriter w;
    w.set_alignment(alignment)
        .tensor("a", DType::i8, {3}, counting_bytes(3))
        .tensor("b", DType::i8, {5}, counting_bytes(5));
    const auto model = parse(w);
    CHECK(model.find("a")->offset % alignment == 0);
    CHECK(model.find("b")->offset == model.find("a")->offset + alignment);
    CHECK(same(model.find("b")->bytes, counting_bytes(5)));
}

TEST_CASE("GGUF files without tensors or without metadata are files") {
    CHECK(parse(GgufWriter{}).tensors.empty());
    GgufWriter vocabulary;
    vocabulary.set("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b"});
    CHECK(parse(vocabulary).strings("tokenizer.ggml.tokens")->size() == 2);
    GgufWriter bare;
    bare.tensor("a", DType::f32, {1}, counting_bytes(4));
    CHECK(parse(bare).tensors.size() == 1);
}

TEST_CASE("GGUF tensors may lie in any order and with gaps") {
    GgufWriter w;
    w.raw_tensor("late", 24, {4}, counting_bytes(4), 32);
    w.raw_tensor("early", 24, {4}, counting_bytes(4), 0);
    const auto model = parse(w);
    CHECK(model.find("late")->offset == model.find("early")->offset + 32);
    CHECK(model.tensors[0].name == "late");
}

TEST_CASE("GGUF of 100000 tokens, mapped and read") {
    const auto access = GENERATE(FileAccess::map, FileAccess::read);
    std::vector<std::string> tokens;
    for (int i = 0; i < 100000; ++i) tokens.push_back("token " + std::to_string(i * 7919));
    GgufWriter w;
    w.set("tokenizer.ggml.tokens", tokens).set("tokenizer.ggml.scores", std::vector<float>(100000, -1.5f));
    w.set("tokenizer.ggml.token_type", std::vector<std::int32_t>(100000, 1));
    w.tensor("t", DType::f32, {2}, std::vector<float>{1.0f, 2.0f});
    TemporaryDirectory folder;
    w.write(folder / "m.gguf");
    const auto model = open_model(folder / "m.gguf", access);
    CHECK(*model.strings("tokenizer.ggml.tokens") == tokens);
    CHECK(model.reals("tokenizer.ggml.scores")->back() == -1.5);
    CHECK(model.integers("tokenizer.ggml.token_type")->size() == 100000);
    CHECK(model.find("t")->bytes.size() == 8);
}

TEST_CASE("GGUF files of the tiny models, mapped and read") {
    const auto access = GENERATE(FileAccess::map, FileAccess::read);
    const auto name = GENERATE("llama", "llama31", "mistral", "gemma3");
    CAPTURE(name);
    const auto model = open_model(std::string(LAMINA_TEST_DATA "/tiny/") + name + ".gguf", access);
    const auto architecture = model.need_string("general.architecture");
    CHECK(architecture == (std::string(name) == "gemma3" ? "gemma3" : "llama"));
    const auto width = model.need_integer(architecture + ".embedding_length", 1, 1 << 20);
    const auto* embedding = model.find("token_embd.weight");
    REQUIRE(embedding != nullptr);
    CHECK(embedding->type == DType::f16);
    CHECK(embedding->shape == std::vector<std::uint64_t>{160, width});
    CHECK(embedding->bytes.size() == 160 * width * 2);
    const auto layers = model.need_integer(architecture + ".block_count", 1, 100);
    for (std::uint64_t i = 0; i < layers; ++i) {
        CHECK(model.find("blk." + std::to_string(i) + ".attn_q.weight") != nullptr);
    }
}
