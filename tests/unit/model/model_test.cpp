#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "lamina/error.hpp"
#include "model/architecture.hpp"
#include "model/model.hpp"
#include "model/rope.hpp"
#include "support/temporary_directory.hpp"
#include "support/tiny_model.hpp"

using namespace lamina;
using namespace lamina::model;
using test::TinyModel;
using test::TinyShape;

namespace {

struct Loaded {
    format::ModelFile file;
    Model model;
};

Loaded load(const test::GgufWriter& writer) {
    const test::TemporaryDirectory directory;
    const auto path = directory / "model.gguf";
    writer.write(path);
    Loaded out{format::open_model(path, FileAccess::read), {}};
    out.model = read_model(out.file);
    return out;
}

// The error that reading the model gives; fails the test where there is none.
Error error_of(const test::GgufWriter& writer) {
    try {
        load(writer);
    } catch (const Error& error) { return error; }
    FAIL("expected an error");
    throw std::logic_error("not reached");
}

}  // namespace

TEST_CASE("architectures: llama reads its configuration and finds every weight") {
    const auto l = load(TinyModel({.biases = true}).writer);
    REQUIRE(l.model.layers.size() == 2);
    CHECK(l.model.config.embedding == 64);
    CHECK(l.model.config.vocabulary == 80);
    CHECK(l.model.tied());
    const auto& a = l.model.layers[1].attention;
    CHECK(a.heads == 4);
    CHECK(a.kv_heads == 2);
    CHECK(a.key_dim == 16);
    CHECK(a.window == 0);
    CHECK(a.scale == 0.25f);
    CHECK(l.model.layers[0].weights.query_bias.columns == 64);
    CHECK(l.model.config.ropes.at(0).pairing == RopePairing::interleaved);
}

TEST_CASE("architectures: an explicit head size may differ from embedding / heads") {
    const auto l = load(TinyModel({.heads = 3, .kv_heads = 1, .head_dim = 24}).writer);
    CHECK(l.model.layers[0].attention.key_dim == 24);
    CHECK(l.model.layers[0].weights.query.rows == 72);
}

TEST_CASE("architectures: gemma3 alternates windows, with a RoPE base of their own") {
    const auto l = load(TinyModel({.architecture = "gemma3", .layers = 7, .window = 16}).writer);
    for (std::size_t i = 0; i < 7; ++i) {
        CHECK(l.model.layers[i].attention.window == (i == 5 ? 0u : 16u));
        CHECK(l.model.layers[i].attention.rope == (i == 5 ? 0u : 1u));
    }
    CHECK(l.model.config.embedding_scale == 8.0f);
    CHECK(l.model.layers[0].weights.query_norm.columns == 16);
    CHECK(l.model.layers[0].feed_forward.activation == Activation::gelu_tanh);
}

TEST_CASE("architectures: an unknown one is refused by name, with the list of known ones") {
    TinyModel tiny({});
    tiny.writer.remove("general.architecture").set("general.architecture", "perceptron");
    const auto error = error_of(tiny.writer);
    CHECK(error.code() == ErrorCode::unsupported);
    CHECK_THAT(error.what(), Catch::Contains("perceptron") && Catch::Contains("gemma3"));
}

TEST_CASE("architectures: every missing key is named") {
    for (std::string key :
         {"llama.block_count", "llama.context_length", "llama.embedding_length", "llama.feed_forward_length",
          "llama.attention.head_count", "llama.attention.layer_norm_rms_epsilon", "general.architecture"}) {
        TinyModel tiny({});
        tiny.writer.remove(key);
        CHECK(error_of(tiny.writer).details().subject == key);
    }
}

TEST_CASE("architectures: every missing tensor is named") {
    for (std::string name :
         {"token_embd.weight", "output_norm.weight", "blk.0.attn_norm.weight", "blk.1.attn_q.weight",
          "blk.1.attn_k.weight", "blk.0.attn_v.weight", "blk.0.attn_output.weight", "blk.0.ffn_norm.weight",
          "blk.0.ffn_gate.weight", "blk.1.ffn_up.weight", "blk.1.ffn_down.weight", "blk.0.attn_q_norm.weight",
          "blk.0.post_attention_norm.weight"}) {
        TinyModel tiny({.architecture = "gemma3"});
        tiny.writer.remove_tensor(name);
        CHECK(error_of(tiny.writer).details().subject == name);
    }
}

TEST_CASE(
    "threat CVE-2024-8063: hyper-parameters of 0, negative, absurd or of another type are refused by name") {
    // Of every one the type, and values that no model can have.
    for (std::string name : {"block_count", "embedding_length", "attention.head_count",
                             "attention.head_count_kv", "attention.key_length", "attention.value_length",
                             "feed_forward_length", "context_length", "rope.dimension_count"}) {
        const auto key = "llama." + name;
        const auto refused = [&](const auto& value) {
            TinyModel tiny({});
            tiny.writer.remove(key).set(key, value);
            return error_of(tiny.writer).details().subject == key;
        };
        CAPTURE(key);
        for (const std::uint32_t value : {0u, 1u << 31, ~0u}) CHECK(refused(value));
        for (const std::int64_t value : {std::int64_t{-1}, INT64_MIN, INT64_MAX}) CHECK(refused(value));
        CHECK(refused(~std::uint64_t{0}));
        CHECK(refused("4"));
        CHECK(refused(4.0f));
        CHECK(refused(true));
        CHECK(refused(std::vector<std::string>{"4", "4"}));
        CHECK(refused(std::vector<float>{4, 4}));
    }
    TinyModel no_divisor({});
    no_divisor.writer.remove("llama.attention.head_count_kv").set("llama.attention.head_count_kv", 3u);
    CHECK(error_of(no_divisor.writer).details().subject == "llama.attention.head_count_kv");
}

TEST_CASE("threat llama.cpp#25821: any number of layers is read, and one beyond 4096 is refused by name") {
    const auto l = load(TinyModel({.layers = 600,
                                   .embedding = 2,
                                   .feed_forward = 2,
                                   .heads = 1,
                                   .kv_heads = 1,
                                   .head_dim = 2,
                                   .vocabulary = 2})
                            .writer);
    CHECK(l.model.layers.size() == 600);
    CHECK(l.model.layers[599].weights.down.rows == 2);
    TinyModel more({});
    more.writer.remove("llama.block_count").set("llama.block_count", 4097u);
    CHECK(error_of(more.writer).details().subject == "llama.block_count");
    TinyModel missing({});
    missing.writer.remove("llama.block_count").set("llama.block_count", 513u);
    CHECK(error_of(missing.writer).details().subject == "blk.2.attn_norm.weight");
}

TEST_CASE("threat llama.cpp#25821: numbers given layer by layer must be there for every layer") {
    for (std::string name : {"attention.head_count", "attention.head_count_kv", "feed_forward_length"}) {
        const auto key = "llama." + name;
        for (const std::size_t size : {0u, 1u, 599u}) {
            TinyModel tiny({.layers = 600,
                            .embedding = 2,
                            .feed_forward = 1,
                            .heads = 1,
                            .kv_heads = 1,
                            .head_dim = 2,
                            .vocabulary = 2});
            tiny.writer.remove(key).set(key, std::vector<std::uint32_t>(size, 1));
            CAPTURE(key, size);
            CHECK(error_of(tiny.writer).details().subject == key);
        }
    }
}

TEST_CASE("architectures: a tensor of another shape is refused with both shapes") {
    TinyModel tiny({});
    tiny.writer.remove("llama.feed_forward_length").set("llama.feed_forward_length", 100u);
    const auto error = error_of(tiny.writer);
    CHECK(error.details().subject == "blk.0.ffn_gate.weight");
    CHECK(error.details().expected == "[100, 64]");
    CHECK(error.details().found == "[96, 64]");
}

namespace {

RopeParameters parameters() {
    RopeParameters p;
    p.dims = 64;
    return p;
}

}  // namespace

TEST_CASE("RoPE: unscaled frequencies fall from 1 by the base's powers") {
    const auto table = make_rope(parameters(), RopePairing::halves);
    REQUIRE(table.inverse_frequencies.size() == 32);
    CHECK(table.inverse_frequencies[0] == 1.0f);
    CHECK(table.inverse_frequencies[16] == Approx(1.0 / 100).epsilon(1e-6));
    CHECK(table.magnitude == 1.0f);
}

TEST_CASE("RoPE: linear scaling divides every frequency") {
    auto p = parameters();
    const auto plain = make_rope(p, RopePairing::halves);
    p.scaling = RopeScaling::linear;
    p.factor = 8;
    const auto scaled = make_rope(p, RopePairing::halves);
    for (std::size_t i = 0; i < 32; ++i)
        CHECK(scaled.inverse_frequencies[i] == Approx(plain.inverse_frequencies[i] / 8).epsilon(1e-6));
}

TEST_CASE("RoPE: yarn keeps fast pairs, divides slow ones and ramps between") {
    auto p = parameters();
    const auto plain = make_rope(p, RopePairing::halves);
    p.scaling = RopeScaling::yarn;
    p.factor = 4;
    p.original_context = 4096;
    const auto scaled = make_rope(p, RopePairing::halves);
    for (std::size_t i = 0; i < 32; ++i) {
        // Turns of the pair within the original context: above beta_fast it is kept, below beta_slow divided.
        const double turns =
            p.original_context * static_cast<double>(plain.inverse_frequencies[i]) / (2 * std::numbers::pi);
        const double ratio = static_cast<double>(plain.inverse_frequencies[i]) /
                             static_cast<double>(scaled.inverse_frequencies[i]);
        CAPTURE(i, turns);
        if (turns > p.beta_fast * 1.5) CHECK(ratio == Approx(1.0).epsilon(1e-6));
        if (turns < p.beta_slow / 1.5) CHECK(ratio == Approx(4.0).epsilon(1e-6));
        CHECK(ratio > 0.999);
        CHECK(ratio < 4.001);
    }
    CHECK(scaled.magnitude == Approx(1.0 + 0.1 * std::log(4.0)));
}

TEST_CASE("RoPE: a file's own factors divide the frequencies one by one") {
    TinyModel tiny({});
    tiny.writer.tensor("rope_freqs.weight", DType::f32, {8}, std::vector<float>{1, 1, 1, 2, 4, 8, 8, 8});
    const auto l = load(tiny.writer);
    const auto& f = l.model.config.ropes.at(0).inverse_frequencies;
    CHECK(f[7] == Approx(std::pow(10000.0, -14.0 / 16) / 8).epsilon(1e-6));
    CHECK(f[0] == 1.0f);
}

TEST_CASE("RoPE: factors that are no positive numbers are refused") {
    for (float bad : {0.0f, -1.0f, std::nanf(""), HUGE_VALF}) {
        TinyModel tiny({});
        tiny.writer.tensor("rope_freqs.weight", DType::f32, {8},
                           std::vector<float>{1, 1, 1, bad, 4, 8, 8, 8});
        CHECK(error_of(tiny.writer).details().subject == "rope_freqs.weight");
    }
}

TEST_CASE("RoPE: yarn and linear are read from the metadata") {
    TinyModel tiny({});
    tiny.writer.set("llama.rope.scaling.type", "yarn").set("llama.rope.scaling.factor", 4.0f);
    tiny.writer.set("llama.rope.scaling.original_context_length", 64u);
    CHECK(load(tiny.writer).model.config.ropes[0].magnitude == Approx(1.0 + 0.1 * std::log(4.0)));
    TinyModel linear({});
    linear.writer.set("llama.rope.scaling.type", "linear").set("llama.rope.scaling.factor", 2.0f);
    CHECK(load(linear.writer).model.config.ropes[0].inverse_frequencies[0] == 0.5f);
    TinyModel unknown({});
    unknown.writer.set("llama.rope.scaling.type", "spiral");
    CHECK(error_of(unknown.writer).code() == ErrorCode::unsupported);
}
