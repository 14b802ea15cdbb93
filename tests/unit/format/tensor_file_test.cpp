#include <catch2/catch.hpp>
#include <filesystem>

#include "lamina/tensor_file.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina;
using namespace lamina::test;

TEST_CASE("tensor file: what is written is read again") {
    TemporaryDirectory folder;
    const std::vector<float> f32 = {1.5f, -2.0f, 3.25f, 0.0f, -0.5f, 1e30f};
    const std::vector<std::int32_t> i32 = {-1, 2147483647};
    const std::vector<std::int64_t> i64 = {-5000000000};
    const std::vector<std::uint8_t> u8 = {0, 255, 7};
    const std::vector<std::uint16_t> bits = {0x3C00, 0x8001, 0xFFFF};
    TensorFile file;
    file.add_u8("u8", {3}, u8);
    file.add_f32("logits \u20ac", {1, 2, 3}, f32);
    file.add_i32("tokens", {2, 1}, i32);
    file.add_i64("i64", {}, i64);
    file.add_f16("f16", {3, 1}, bits);
    file.add_bf16("bf16", {3}, bits);
    file.add_f32("empty", {0, 4}, {});
    file.metadata["made by"] = "a test";
    file.write(folder / "t.safetensors");

    const auto back = TensorFile::read(folder / "t.safetensors");
    CHECK(back.f32("logits \u20ac") == f32);
    CHECK(back.shape("logits \u20ac") == TensorFile::Shape{1, 2, 3});
    CHECK(back.i32("tokens") == i32);
    CHECK(back.i64("i64") == i64);
    CHECK(back.shape("i64").empty());
    CHECK(back.u8("u8") == u8);
    CHECK(back.f16("f16") == bits);
    CHECK(back.bf16("bf16") == bits);
    CHECK(back.dtype("bf16") == "BF16");
    CHECK(back.f32("empty").empty());
    CHECK(back.bytes("tokens").size() == 8);
    CHECK(back.metadata == file.metadata);
    CHECK(back.names().size() == 7);
    CHECK(file.names().front() == "u8");
    CHECK(back.has("tokens"));
    CHECK_FALSE(back.has("token"));
}

TEST_CASE("tensor file: what was read does not depend on the file, and is written again") {
    TemporaryDirectory folder;
    const auto path = folder / "t.safetensors";
    TensorFile file;
    file.add_i32("tokens", {3}, std::vector<std::int32_t>{1, 2, 3});
    file.write(path);
    TensorFile back = TensorFile::read(path);
    std::filesystem::resize_file(path, 0);
    const TensorFile copy = back;
    back.add_u8("more", {1}, std::vector<std::uint8_t>{9});
    back.write(path);
    CHECK(TensorFile::read(path).i32("tokens") == std::vector<std::int32_t>{1, 2, 3});
    CHECK(TensorFile::read(path).u8("more") == std::vector<std::uint8_t>{9});
    CHECK_FALSE(copy.has("more"));
}

TEST_CASE("tensor file: every tensor lies at a multiple of its element size") {
    TemporaryDirectory folder;
    TensorFile file;
    file.add_u8("a", {1}, std::vector<std::uint8_t>{1});
    file.add_i64("b", {1}, std::vector<std::int64_t>{1});
    file.add_f16("c", {1}, std::vector<std::uint16_t>{1});
    file.add_f32("d", {1}, std::vector<float>{1});
    file.write(folder / "t");
    const auto back = TensorFile::read(folder / "t");
    CHECK(back.names() == std::vector<std::string>{"b", "d", "c", "a"});
    CHECK(reinterpret_cast<std::uintptr_t>(back.bytes("b").data()) % 8 == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(back.bytes("d").data()) % 4 == 0);
}

TEST_CASE("tensor file: errors name tensor, dtype and what there is") {
    TensorFile file;
    file.add_f32("logits", {2}, std::vector<float>{1, 2});
    file.add_i32("tokens", {1}, std::vector<std::int32_t>{1});
    expect_error(ErrorCode::invalid_argument, {"'logits'", "dtype I32, found F32"},
                 [&] { file.i32("logits"); });
    expect_error(ErrorCode::invalid_argument, {"'tokens'", "dtype F32, found I32"},
                 [&] { file.f32("tokens"); });
    expect_error(ErrorCode::invalid_argument, {"'token'", "only 'logits', 'tokens'"},
                 [&] { file.f32("token"); });
    expect_error(ErrorCode::invalid_argument, {"'x'", "no tensors"}, [] { TensorFile().shape("x"); });
    TemporaryDirectory folder;
    file.write(folder / "t");
    expect_error(ErrorCode::invalid_argument, {folder / "t", "'tokens'"},
                 [&] { TensorFile::read(folder / "t").u8("tokens"); });
}

TEST_CASE("tensor file: tensors that cannot be stored are refused") {
    TensorFile file;
    const std::vector<float> two = {1, 2};
    file.add_f32("a", {2}, two);
    expect_error(ErrorCode::invalid_argument, {"'a'", "not taken"}, [&] { file.add_f32("a", {2}, two); });
    expect_error(ErrorCode::invalid_argument, {"'b'", "the shape [3] has, found 2"},
                 [&] { file.add_f32("b", {3}, two); });
    expect_error(ErrorCode::invalid_argument, {"[4294967296, 4294967296]"}, [&] {
        file.add_f32("b", {std::uint64_t{1} << 32, std::uint64_t{1} << 32}, {});
    });
    expect_error(ErrorCode::invalid_argument, {"__metadata__"},
                 [&] { file.add_f32("__metadata__", {2}, two); });
    expect_error(ErrorCode::invalid_argument, {"a name"}, [&] { file.add_f32("", {2}, two); });
    CHECK(file.names() == std::vector<std::string>{"a"});
    TemporaryDirectory folder;
    file.add_f32("\xFF", {2}, two);
    expect_error(ErrorCode::invalid_argument, {"UTF-8"}, [&] { file.write(folder / "t"); });
}

TEST_CASE("tensor file: files that cannot be written or read") {
    TemporaryDirectory folder;
    TensorFile file;
    expect_error(ErrorCode::io, {"cannot be created"}, [&] { file.write(folder / "no/such/folder"); });
    expect_error(ErrorCode::io, {"no such file"}, [&] { TensorFile::read(folder / "none"); });
    expect_error(ErrorCode::bad_file, {"header size"},
                 [&] { TensorFile::read(folder.file("text", "not tensors at all")); });
    file.write(folder / "empty");
    CHECK(TensorFile::read(folder / "empty").names().empty());
    std::vector<float> many(1 << 20, 1.0f);
    file.add_f32("many", {many.size()}, many);
    expect_error(ErrorCode::io, {"/dev/full", "written completely"}, [&] { file.write("/dev/full"); });
}

TEST_CASE("tensor file: reference logits of the tiny models") {
    const auto file = TensorFile::read(LAMINA_TEST_DATA "/tiny/llama.ref.safetensors");
    const auto& shape = file.shape("logits");
    REQUIRE(shape.size() == 3);
    CHECK(file.f32("logits").size() == shape[0] * shape[1] * shape[2]);
    CHECK(file.i32("tokens").size() == shape[0] * shape[1]);
}
