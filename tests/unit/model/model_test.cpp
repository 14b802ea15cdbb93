#include <catch2/catch.hpp>
#include <cmath>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "model_case.hpp"

using namespace lamina;
using namespace lamina::model;
using test::error_of;
using test::load;
using test::TinyModel;
using test::TinyShape;

TEST_CASE("architectures: llama reads its configuration and finds every weight") {
    const auto l = load(TinyModel({.biases = true}).writer);
    REQUIRE(l.model.layers.size() == 2);
    CHECK(l.model.config.hidden_size == 64);
    CHECK(l.model.config.vocabulary == 80);
    CHECK(l.model.tied());
    const auto& a = l.model.layers[1].attention;
    CHECK(a.heads == 4);
    CHECK(a.kv_heads == 2);
    CHECK(a.key_dim == 16);
    CHECK(a.window == 0);
    CHECK(a.scale == 0.25f);
    CHECK(l.model.layers[0].attention_weights.query.bias.columns == 64);
    CHECK(l.model.config.ropes.at(0).pairing == RopePairing::interleaved);
}

TEST_CASE("architectures: an explicit head size may differ from embedding / heads") {
    const auto l = load(TinyModel({.heads = 3, .kv_heads = 1, .head_dim = 24}).writer);
    CHECK(l.model.layers[0].attention.key_dim == 24);
    CHECK(l.model.layers[0].attention_weights.query.weight.rows == 72);
}

TEST_CASE("architectures: gemma3 alternates windows, with a RoPE base of their own") {
    const auto l = load(TinyModel({.architecture = "gemma3", .layers = 7, .window = 16}).writer);
    for (std::size_t i = 0; i < 7; ++i) {
        CHECK(l.model.layers[i].attention.window == (i == 5 ? 0u : 16u));
        CHECK(l.model.layers[i].attention.rope == (i == 5 ? 0u : 1u));
    }
    CHECK(l.model.config.embedding_scale == 8.0f);
    CHECK(l.model.layers[0].attention_weights.query_norm.weight.columns == 16);
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
    CHECK(l.model.layers[599].feed_forward_weights.down.weight.rows == 2);
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

TEST_CASE("architectures: the list in lib/model/README.md is the table") {
    std::ifstream file(LAMINA_TEST_DATA "/../../lib/model/README.md");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto first = text.find("-->", text.find("<!-- architectures")) + 3;
    std::string list = text.substr(first, text.find("<!-- end of architectures") - first);
    for (char& c : list) c = c == ',' ? ' ' : c;
    std::istringstream words(list);
    std::set<std::string> listed{std::istream_iterator<std::string>(words), {}};
    std::set<std::string> known;
    for (const auto name : architectures()) known.emplace(name);
    CHECK(listed == known);
}

namespace {

// Names of the table that occur as words in the sources of a folder.
std::set<std::string> names_in(const std::filesystem::path& folder) {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
        const auto extension = entry.path().extension();
        if (extension != ".cpp" && extension != ".hpp") continue;
        std::ifstream file(entry.path());
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        for (const auto name : architectures()) {
            const std::string quoted = '"' + std::string(name) + '"';
            if (text.find(quoted) != std::string::npos) found.insert(entry.path().string() + ": " + quoted);
        }
    }
    return found;
}

}  // namespace

TEST_CASE("no branch on an architecture's identity in plan, exec, cache, engine or backends") {
    const std::filesystem::path root = std::filesystem::path(LAMINA_TEST_DATA) / ".." / "..";
    for (const char* folder :
         {"lib/plan", "lib/exec", "lib/cache", "lib/engine", "lib/backend", "lib/sample", "backends"}) {
        CAPTURE(folder);
        CHECK(names_in(root / folder) == std::set<std::string>{});
    }
    CHECK(!names_in(root / "lib/model").empty());  // it finds what is there
}

TEST_CASE("architectures: fused, latent, routed and multiplied ones are read as features") {
    const auto tiny = [](const std::string& name) {
        test::LoadedModel out{format::open_model(LAMINA_TEST_DATA "/tiny/" + name + ".gguf", FileAccess::map),
                              {}};
        out.model = read_model(out.file);
        return out;
    };
    const auto phi = tiny("phi3");
    const auto& fused = phi.model.layers[0].attention_weights;
    CHECK(fused.query.weight.tensor == fused.value.weight.tensor);
    CHECK(fused.value.weight.first_element == (64u + 32u) * 64u);
    CHECK(phi.model.layers[0].feed_forward_weights.up.weight.first_element == 128u * 64u);

    const auto deepseek = tiny("deepseek2");
    const auto& a = deepseek.model.layers[0].attention;
    REQUIRE(a.latent);
    CHECK(a.kv_heads == 1);
    CHECK(a.key_dim == 48 + 16);
    CHECK(a.value_dim == 48);
    CHECK(!deepseek.model.layers[0].feed_forward.experts);
    REQUIRE(deepseek.model.layers[1].feed_forward.experts);
    CHECK(deepseek.model.layers[1].feed_forward.experts->shared_width == 128);
    CHECK(deepseek.model.layers[1].feed_forward_weights.up.weight.matrices == 8);

    const auto qwen = tiny("qwen2moe");
    CHECK(qwen.model.layers[0].feed_forward_weights.shared_router);
    CHECK(!qwen.model.layers[0].feed_forward.experts->routing.normalise);
    CHECK(tiny("qwen3moe").model.layers[0].feed_forward.experts->routing.normalise);

    const auto granite = tiny("granite");
    CHECK(granite.model.config.embedding_scale == 3.0f);
    CHECK(granite.model.config.residual_scale == 0.5f);
    CHECK(granite.model.config.logit_scale == 0.5f);  // the file says 2, by which logits are divided

    const auto smollm = tiny("smollm3");
    CHECK(smollm.model.layers[2].attention.rope);
    CHECK(!smollm.model.layers[3].attention.rope);
    CHECK(tiny("commandr").model.layers[0].parallel);
    CHECK(tiny("gptoss").model.layers[0].attention_weights.sinks);
    CHECK(!tiny("olmo2").model.layers[0].attention_norm);
    CHECK(tiny("starcoder2").model.layers[0].attention_norm.bias);
}

TEST_CASE("architectures: experts that cannot be meant are refused by name") {
    const auto file = format::open_model(LAMINA_TEST_DATA "/tiny/deepseek2.gguf", FileAccess::map);
    const auto error_with = [&](const std::string& key, std::uint64_t value) {
        auto changed = file;
        changed.metadata.insert_or_assign("deepseek2." + key, value);
        try {
            read_model(changed);
        } catch (const Error& error) { return error.details().subject; }
        return std::string("no error");
    };
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::uint64_t>>{{"expert_used_count", 0},
                                                            {"expert_used_count", 9},
                                                            {"expert_count", 1ull << 40},
                                                            {"expert_group_count", 3},
                                                            {"expert_group_used_count", 2},
                                                            {"expert_gating_func", 4},
                                                            {"attention.key_length_mla", 16},
                                                            {"attention.kv_lora_rank", 0},
                                                            {"attention.value_length_mla", 0},
                                                            {"expert_shared_count", 0}}) {
        CAPTURE(key, value);
        CHECK(error_with(key, value) == "deepseek2." + key);
    }
}
