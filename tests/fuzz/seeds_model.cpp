// Seeds of whole models: small ones of every weight type and feature, and the tiny references of the test
// data made smaller.
#include <algorithm>
#include <string>

#include "fuzz/gguf_image.hpp"
#include "fuzz/rendering.hpp"
#include "fuzz/seeds.hpp"
#include "support/tiny_model.hpp"
#include "unit/text/small_vocabulary.hpp"

namespace lamina::fuzz {
namespace {

using test::GgufWriter;

// As small as a model can be: about 5 kB.
test::TinyShape smallest(DType type, std::string architecture = "llama") {
    test::TinyShape shape;
    shape.architecture = std::move(architecture);
    shape.layers = 1;
    shape.embedding = shape.feed_forward = 32;
    shape.heads = 2;
    shape.kv_heads = 1;
    shape.head_dim = 16;
    shape.vocabulary = 16;
    shape.context = 64;
    shape.type = type;
    return shape;
}

void add_vocabulary(GgufWriter& w, const text::VocabularyData& data, const char* model, std::size_t tokens) {
    std::vector<std::string> texts;
    std::vector<float> scores;
    std::vector<std::int32_t> kinds;
    for (std::size_t i = 0; i < tokens; ++i) {
        // From the end too, where the merged tokens are.
        const auto& token = data.tokens[i < tokens / 2 ? i : data.tokens.size() - tokens + i];
        texts.push_back(token.text);
        scores.push_back(token.score);
        kinds.push_back(static_cast<std::int32_t>(token.kind));
    }
    w.set("tokenizer.ggml.model", model).set("tokenizer.ggml.tokens", texts);
    w.set("tokenizer.ggml.scores", scores).set("tokenizer.ggml.token_type", kinds);
    w.set("tokenizer.ggml.bos_token_id", std::uint32_t{1})
        .set("tokenizer.ggml.eos_token_id", std::int32_t{-1});
    w.set("tokenizer.ggml.add_bos_token", true).set("tokenizer.ggml.add_space_prefix", true);
    w.set("tokenizer.ggml.unknown_token_id", std::uint32_t{0});
    if (std::string_view(model) == "gpt2") w.set("tokenizer.ggml.pre", "llama-bpe");
    if (std::string_view(model) == "gpt2") w.set("tokenizer.ggml.merges", std::vector<std::string>{});
    w.set("tokenizer.chat_template", "{% for m in messages %}{{ m.content }}{% endfor %}");
}

void add_features(SeedFolder& out) {
    auto shape = smallest(DType::f16);
    shape.tied = false;
    shape.biases = true;
    shape.window = 4;
    test::TinyModel all(shape);
    all.writer.set("llama.attn_logit_softcapping", 30.0f).set("llama.final_logit_softcapping", 30.0f);
    all.writer.set("llama.vocab_size", std::uint32_t{16})
        .set("general.name", "tiny")
        .set("general.license", "mit");
    all.writer.set("llama.attention.sliding_window_pattern", std::vector<std::int32_t>{1});
    out.add("biases-window-softcaps", all.writer.bytes());
    test::TinyModel linear(smallest(DType::f16));
    linear.writer.set("llama.rope.scaling.type", "linear").set("llama.rope.scaling.factor", 4.0f);
    linear.writer.set("llama.rope.dimension_count", std::uint32_t{8}).set("llama.rope.freq_base", 1e6f);
    out.add("rope-linear", linear.writer.bytes());
    test::TinyModel yarn(smallest(DType::f16));
    yarn.writer.set("llama.rope.scaling.type", "yarn").set("llama.rope.scaling.factor", 4.0f);
    yarn.writer.set("llama.rope.scaling.original_context_length", std::uint32_t{32});
    yarn.writer.set("llama.rope.scaling.yarn_beta_fast", 32.0f).set("llama.rope.scaling.attn_factor", 1.0f);
    out.add("rope-yarn", yarn.writer.bytes());
    for (const char* type : {"longrope", "dynamic"}) {
        test::TinyModel scaled(smallest(DType::f16));
        scaled.writer.set("llama.rope.scaling.type", type).set("llama.rope.scaling.factor", 2.0f);
        scaled.writer.set("llama.rope.scaling.original_context_length", std::uint32_t{4});
        for (const char* name : {"rope_factors_short.weight", "rope_factors_long.weight"})
            scaled.writer.tensor(name, DType::f32, {8}, std::vector<float>(8, 2.0f));
        out.add(type, scaled.writer.bytes());
        scaled.writer.remove_tensor("rope_factors_short.weight");
        out.add("factors-missing", scaled.writer.bytes());
    }
    yarn.writer.set("llama.rope.scaling.yarn_log_multiplier", 0.1f);
    out.add("rope-yarn-log", yarn.writer.bytes());
    test::TinyModel factors(smallest(DType::f16));
    factors.writer.tensor("rope_freqs.weight", DType::f32, {8}, std::vector<float>(8, 2.0f));
    factors.writer.set("llama.rope.scale_linear", 2.0f).set("llama.attention.scale", 0.1f);
    out.add("rope-factors", factors.writer.bytes());
    test::TinyModel bpe(smallest(DType::f16)), pieces(smallest(DType::f16));
    add_vocabulary(bpe.writer, small::byte_bpe({{"a", "b"}}), "gpt2", 16);
    out.add("byte-bpe", bpe.writer.bytes());
    add_vocabulary(pieces.writer, small::sentencepiece({{"a", -1}, {"\xE2\x96\x81", 0}}), "llama", 16);
    out.add("sentencepiece", pieces.writer.bytes());
}

// Files that are well formed and no models.
void add_wrong_models(SeedFolder& out) {
    const auto add = [&](const char* name, const auto& change) {
        test::TinyModel model(smallest(DType::q4_0));
        change(model.writer);
        out.add(name, model.writer.bytes());
    };
    const auto value = [&](const std::string& key, auto wrong) {
        add("wrong-value", [&](GgufWriter& w) { w.remove(key).set(key, wrong); });
    };
    value("llama.vocab_size", 17u);
    value("llama.attention.head_count", 3u);
    value("llama.attention.head_count_kv", 3u);
    value("llama.rope.dimension_count", 20u);
    value("llama.rope.dimension_count", 7u);
    value("llama.rope.scaling.type", "other");
    value("llama.attention.sliding_window_pattern", std::vector<std::int32_t>{});
    value("llama.attention.sliding_window_pattern", std::vector<std::int32_t>{-1});
    value("llama.expert_count", 4u);
    value("general.architecture", "other");
    value("tokenizer.ggml.model", "other");
    add("integer-weights", [](GgufWriter& w) {
        w.remove_tensor("blk.0.ffn_up.weight");
        w.tensor("blk.0.ffn_up.weight", DType::i8, {32, 32}, test::Bytes(1024));
    });
    add("integer-norm", [](GgufWriter& w) {
        w.remove_tensor("output_norm.weight");
        w.tensor("output_norm.weight", DType::i8, {32}, test::Bytes(32));
    });
    for (const char* kind : {"bert", "t5", "none", "gpt2"}) {
        add(kind, [&](GgufWriter& w) {
            add_vocabulary(w, small::byte_bpe(), kind, 8);
            w.remove("tokenizer.ggml.merges").set("tokenizer.ggml.cls_token_id", 3u);
        });
    }
    for (const char* key : {"tokenizer.ggml.tokens", "tokenizer.ggml.scores", "tokenizer.ggml.token_type"}) {
        for (const bool empty : {false, true}) {
            add("vocabulary", [&](GgufWriter& w) {
                add_vocabulary(w, small::sentencepiece({{"a", 0}}), "llama", 8);
                w.remove(key);
                if (empty) w.set(key, std::vector<std::int32_t>(key[15] == 't' && key[16] == 'o' ? 8 : 7, 9));
            });
        }
    }
    add("token-kinds", [](GgufWriter& w) {
        add_vocabulary(w, small::sentencepiece({{"a", 0}}), "llama", 8);
        w.remove("tokenizer.ggml.token_type")
            .set("tokenizer.ggml.token_type", std::vector<std::int32_t>(8, 9));
    });
}

// A quarter of every width: counts of heads, experts and the like stay.
std::uint64_t quarter(std::uint64_t value) { return value >= 16 && value % 4 == 0 ? value / 4 : value; }

void quarter_integer(GgufPair& pair) {
    constexpr std::uint32_t u32_type = 4;
    if (pair.type != u32_type) return;
    const auto value =
        std::uint64_t{pair.value[0]} | std::uint64_t{pair.value[1]} << 8 | std::uint64_t{pair.value[2]} << 16;
    pair.value = scalar(quarter(value), 4);
}

// The same network with a quarter of its width and `layers` layers; values that are finite in every float
// type.
std::string shrunk(const std::string& bytes, std::size_t layers) {
    auto file = read_image({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    std::erase_if(file.pairs, [](const GgufPair& pair) { return pair.key.text.rfind("tokenizer.", 0) == 0; });
    for (auto& pair : file.pairs) {
        quarter_integer(pair);
        if (pair.key.text.ends_with(".block_count")) pair.value = scalar(layers, 4);
    }
    std::erase_if(file.tensors, [&](const GgufTensor& tensor) {
        return tensor.name.text.rfind("blk.", 0) == 0 && std::stoul(tensor.name.text.substr(4)) >= layers;
    });
    for (auto& tensor : file.tensors) {
        for (auto& dimension : tensor.dimensions) dimension = quarter(dimension);
        if (tensor.name.text == "rope_freqs.weight") tensor.dimensions[0] /= 4;
    }
    file.tensor_count.reset();
    file.rest.clear();
    require(file.lay_out(1u << 20), "a shrunk model has a size");
    const Bytes out = write_image(file);
    return std::string(out.begin(), out.end());
}

// The same file with other integers.
std::string with_values(const std::string& bytes,
                        const std::vector<std::pair<std::string, std::uint32_t>>& values) {
    auto file = read_image({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    for (const auto& [key, value] : values) {
        constexpr std::uint32_t u32_type = 4;
        std::erase_if(file.pairs, [&key = key](const GgufPair& pair) { return pair.key.text == key; });
        file.pairs.push_back({{key}, u32_type, scalar(value, 4)});
    }
    const Bytes out = write_image(file);
    return std::string(out.begin(), out.end());
}

void add_routings(SeedFolder& out, const std::string& mixture) {
    const std::string groups = "deepseek2.expert_group_count", used = "deepseek2.expert_group_used_count";
    out.add("groups", with_values(mixture, {{groups, 4}, {used, 2}, {"deepseek2.expert_gating_func", 2}}));
    out.add("gating", with_values(mixture, {{groups, 0}, {used, 0}, {"deepseek2.expert_gating_func", 1}}));
    out.add("gating", with_values(mixture, {{"deepseek2.expert_gating_func", 3}}));
    out.add("groups-wrong", with_values(mixture, {{groups, 3}}));
    out.add("groups-wrong", with_values(mixture, {{groups, 8}, {used, 1}}));
    out.add("turned-wrong", with_values(mixture, {{"deepseek2.attention.key_length_mla", 4}}));
}

void add_references(SeedFolder& out) {
    constexpr std::size_t most = 32768;
    std::vector<std::filesystem::path> paths;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(LAMINA_TEST_DATA) / "tiny")) {
        if (entry.path().extension() == ".gguf") paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) {
        auto small = shrunk(read_whole(path), 2);
        if (small.size() > most) small = shrunk(read_whole(path), 1);
        if (small.size() > most) continue;
        out.add(path.stem().string(), small);
        if (path.stem() == "deepseek2") add_routings(out, small);
    }
}

}  // namespace

void write_model_seeds(const std::filesystem::path& root) {
    SeedFolder out(root, "model");
    add_references(out);
    add_wrong_models(out);
    for (const DType type : {DType::f32, DType::f16, DType::bf16, DType::q4_0, DType::q4_1, DType::q5_0,
                             DType::q5_1, DType::q8_0, DType::iq4_nl, DType::mxfp4}) {
        out.add(info(type).name, test::TinyModel(smallest(type)).writer.bytes());
    }
    out.add("gemma3", test::TinyModel(smallest(DType::f16, "gemma3")).writer.bytes());
    add_features(out);
    // Types of longer rows: one matrix of each, of the width that their blocks need.
    for (int i = 0; i < dtype_count; ++i) {
        const auto type = static_cast<DType>(i);
        if (info(type).block_size < 64) continue;
        auto shape = smallest(DType::q8_0);
        shape.feed_forward = info(type).block_size;
        test::TinyModel model(shape);
        test::Random random(1);
        model.writer.remove_tensor("blk.0.ffn_down.weight");
        model.writer.tensor("blk.0.ffn_down.weight", type, {32, shape.feed_forward},
                            random.weights(type, std::uint64_t{32} * shape.feed_forward, 0.1f));
        out.add(info(type).name, model.writer.bytes());
    }
}

}  // namespace lamina::fuzz
