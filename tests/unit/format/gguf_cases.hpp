// What the GGUF tests share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "format/gguf/gguf.hpp"
#include "lamina/error.hpp"
#include "support/gguf_writer.hpp"
#include "support/memory_file.hpp"

namespace lamina::test {

inline format::ModelFile parse(Bytes bytes) {
    return format::gguf::read_file({"m.gguf", in_memory(std::move(bytes))});
}
inline format::ModelFile parse(const GgufWriter& writer) { return parse(writer.bytes()); }

// Bytes 1, 2, 3, ... (0 never, so that padding and data differ).
inline Bytes counting_bytes(std::size_t count) {
    Bytes out(count);
    for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::byte>(i % 255 + 1);
    return out;
}

// A small file with a value of every type and tensors of several.
inline GgufWriter small_model() {
    GgufWriter w;
    w.set("general.architecture", "llama").set("u8", std::uint8_t{200}).set("i8", std::int8_t{-100});
    w.set("u16", std::uint16_t{60000}).set("i16", std::int16_t{-30000}).set("u32", std::uint32_t{4000000000});
    w.set("i32", std::int32_t{-2000000000})
        .set("u64", ~std::uint64_t{0})
        .set("i64", std::int64_t{-5000000000});
    w.set("f32", 0.5f).set("f64", 0.1).set("yes", true).set("no", false).set("empty", "");
    w.set("names", std::vector<std::string>{"a", "", "a token longer than a short string"});
    w.set("ids", std::vector<std::int32_t>{1, -2, 3}).set("scores", std::vector<float>{0.25f, -1.0f});
    w.tensor("first", DType::f32, {2, 3}, counting_bytes(24));
    w.tensor("second", DType::q8_0, {64}, counting_bytes(68));
    w.tensor("third", DType::q4_k, {2, 1, 256}, counting_bytes(288));
    w.tensor("fourth", DType::i8, {1, 1, 1, 5}, counting_bytes(5));
    return w;
}

}  // namespace lamina::test
