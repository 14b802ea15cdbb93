#include "hostile/sources.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "support/tiny_model.hpp"

namespace lamina::test::hostile {
namespace {

constexpr const char* chat_template =
    "{% for m in messages %}<s>{{ m['role'] }}\n{{ m.content | trim }}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ bos_token ~ 'assistant' }}{% else %}{{ eos_token }}{% endif %}";

TinyShape one_layer(std::uint32_t vocabulary) {
    return {.layers = 1,
            .embedding = 32,
            .feed_forward = 32,
            .heads = 2,
            .kv_heads = 1,
            .head_dim = 16,
            .vocabulary = vocabulary,
            .context = 64};
}

// A file as it lies on disk, field by field.
class Walker {
  public:
    explicit Walker(const Bytes& file) : file_(file) {}

    template <class T>
    T number() {
        T value;
        std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
        return value;
    }
    std::string text() {
        const auto bytes = take(number<std::uint64_t>());
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    Bytes take(std::uint64_t count) {
        if (count > file_.size() - at_) throw std::runtime_error("a test file ends too early");
        const auto from = file_.begin() + static_cast<std::ptrdiff_t>(at_);
        at_ += count;
        return {from, from + static_cast<std::ptrdiff_t>(count)};
    }
    Bytes value(std::uint32_t type) {
        const auto start = at_;
        skip(type);
        return {file_.begin() + static_cast<std::ptrdiff_t>(start),
                file_.begin() + static_cast<std::ptrdiff_t>(at_)};
    }
    std::uint64_t position() const { return at_; }
    void seek(std::uint64_t position) { at_ = position; }

  private:
    void skip(std::uint32_t type) {
        static constexpr std::array<std::uint64_t, 13> bytes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
        if (type == static_cast<std::uint32_t>(ValueType::string)) return void(text());
        if (type != static_cast<std::uint32_t>(ValueType::array)) return void(take(bytes.at(type)));
        const auto element = number<std::uint32_t>();
        const auto count = number<std::uint64_t>();
        for (std::uint64_t i = 0; i < count; ++i) skip(element);
    }

    const Bytes& file_;
    std::uint64_t at_ = 0;
};

Bytes contents(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (text.empty()) throw std::runtime_error("cannot read " + path.string());
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

}  // namespace

GgufWriter llama_with_text() {
    const std::vector<std::string> tokens = {"<unk>",
                                             "<s>",
                                             "</s>",
                                             "a",
                                             "b",
                                             "c",
                                             "d",
                                             "\xC4\xA0",
                                             "ab",
                                             "cd",
                                             "\xC4\xA0"
                                             "a",
                                             "abcd",
                                             "<0x41>",
                                             "tool",
                                             "e",
                                             "abc"};
    auto shape = one_layer(static_cast<std::uint32_t>(tokens.size()));
    shape.tied = false;
    shape.biases = true;
    shape.window = 24;
    auto w = TinyModel(shape).writer;
    w.set("general.name", "damaged").set("general.license", "apache-2.0").set("general.alignment", 32u);
    w.set("llama.vocab_size", shape.vocabulary).set("llama.rope.dimension_count", 16u);
    w.set("llama.rope.freq_base", 10000.0f).set("llama.rope.scaling.type", "yarn");
    w.set("llama.rope.scaling.factor", 4.0f).set("llama.rope.scaling.original_context_length", 16u);
    w.set("llama.rope.scaling.attn_factor", 1.0f).set("llama.rope.scaling.yarn_beta_fast", 32.0f);
    w.set("llama.rope.scaling.yarn_beta_slow", 1.0f).set("llama.attention.scale", 0.25f);
    w.set("llama.final_logit_softcapping", 30.0f).set("llama.attn_logit_softcapping", 50.0f);
    w.set("llama.expert_count", 0u);
    w.tensor("rope_freqs.weight", DType::f32, {8}, std::vector<float>{1, 1, 1, 2, 4, 8, 8, 8});
    w.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.pre", "llama-bpe");
    w.set("tokenizer.ggml.tokens", tokens);
    w.set("tokenizer.ggml.token_type",
          std::vector<std::int32_t>{2, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 6, 4, 5, 0});
    w.set("tokenizer.ggml.merges", std::vector<std::string>{"a b", "c d", "\xC4\xA0 a", "ab cd"});
    w.set("tokenizer.ggml.bos_token_id", 1u).set("tokenizer.ggml.eos_token_id", 2u);
    w.set("tokenizer.ggml.unknown_token_id", 0u).set("tokenizer.ggml.padding_token_id", ~0u);
    w.set("tokenizer.ggml.eot_token_id", 2u).set("tokenizer.ggml.seperator_token_id", 2u);
    w.set("tokenizer.ggml.add_bos_token", true).set("tokenizer.ggml.add_eos_token", false);
    w.set("tokenizer.ggml.add_sep_token", false).set("tokenizer.chat_template", chat_template);
    return w;
}

GgufWriter gemma_with_text() {
    const std::vector<std::string> tokens = {"<unk>",
                                             "<s>",
                                             "</s>",
                                             "<0x61>",
                                             "<0xFF>",
                                             "\xE2\x96\x81",
                                             "a",
                                             "b",
                                             "\xE2\x96\x81"
                                             "a",
                                             "ab",
                                             "tool",
                                             "abab",
                                             "unused"};
    auto shape = one_layer(static_cast<std::uint32_t>(tokens.size()));
    shape.architecture = "gemma3";
    shape.layers = 2;
    shape.type = DType::q8_0;
    auto w = TinyModel(shape).writer;
    for (const char* key :
         {"gemma3.attention.head_count", "gemma3.attention.head_count_kv", "gemma3.feed_forward_length"})
        w.remove(key);
    w.set("gemma3.attention.head_count", std::vector<std::uint32_t>{2, 2});
    w.set("gemma3.attention.head_count_kv", std::vector<std::int32_t>{1, 1});
    w.set("gemma3.feed_forward_length", std::vector<std::uint64_t>{32, 32});
    w.set("gemma3.attention.sliding_window", 8u);
    w.set("gemma3.attention.sliding_window_pattern", std::vector<bool>{true, false});
    w.set("gemma3.rope.freq_base", 1000000.0f).set("gemma3.rope.freq_base_swa", 10000.0f);
    w.set("gemma3.rope.scale_linear", 8.0f);
    w.set("tokenizer.ggml.model", "llama").set("tokenizer.ggml.tokens", tokens);
    w.set("tokenizer.ggml.scores", std::vector<float>{0, 0, 0, 0, 0, -1, -2, -3, -4, -5, -6, -7, -8});
    w.set("tokenizer.ggml.token_type", std::vector<std::int32_t>{2, 3, 3, 6, 6, 1, 1, 1, 1, 1, 4, 5, 5});
    w.set("tokenizer.ggml.bos_token_id", 1u).set("tokenizer.ggml.eos_token_id", std::int32_t{2});
    w.set("tokenizer.ggml.unknown_token_id", std::uint64_t{0}).set("tokenizer.ggml.add_space_prefix", true);
    w.set("tokenizer.ggml.remove_extra_whitespaces", false);
    w.set("tokenizer.ggml.precompiled_charsmap", std::vector<std::uint8_t>{1, 0, 0});
    return w;
}

GgufWriter writer_of(const Bytes& file) {
    GgufWriter out;
    Walker in(file);
    in.take(4);
    out.version = in.number<std::uint32_t>();
    const auto tensors = in.number<std::uint64_t>(), pairs = in.number<std::uint64_t>();
    for (std::uint64_t i = 0; i < pairs; ++i) {
        auto key = in.text();
        const auto type = in.number<std::uint32_t>();
        out.raw_set(std::move(key), type, in.value(type));
    }
    std::vector<std::uint64_t> offsets;
    for (std::uint64_t i = 0; i < tensors; ++i) {
        auto name = in.text();
        std::vector<std::uint64_t> dimensions(in.number<std::uint32_t>());
        for (auto& dimension : dimensions) dimension = in.number<std::uint64_t>();
        const auto type = in.number<std::uint32_t>();
        offsets.push_back(in.number<std::uint64_t>());
        out.raw_tensor(std::move(name), type, std::move(dimensions), {});
    }
    const auto data = (in.position() + out.alignment - 1) / out.alignment * out.alignment;
    for (std::uint64_t i = 0; i < tensors; ++i) {
        in.seek(data + offsets[i]);
        out.tensors()[i].data = in.take((i + 1 < tensors ? offsets[i + 1] : file.size() - data) - offsets[i]);
    }
    return out;
}

std::vector<Source> sources() {
    std::vector<Source> out = {{"llama", llama_with_text()}, {"gemma", gemma_with_text()}};
    std::vector<std::filesystem::path> tiny;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(LAMINA_TEST_DATA) / "tiny")) {
        if (entry.path().extension() == ".gguf") tiny.push_back(entry.path());
    }
    std::sort(tiny.begin(), tiny.end());
    for (const auto& path : tiny)
        out.push_back({"tiny " + path.stem().string(), writer_of(contents(path)), 64});
    return out;
}

}  // namespace lamina::test::hostile
