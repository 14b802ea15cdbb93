// Damage to what a file says: types and values of its metadata.
#include <algorithm>
#include <array>
#include <limits>

#include "hostile/mutations.hpp"

namespace lamina::test::hostile {
namespace {

constexpr auto array_type = static_cast<std::uint32_t>(ValueType::array);
constexpr std::array<std::uint64_t, 13> scalar_bytes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

// Puts `value` in the place of the key's own, or at the end where there is none.
GgufWriter with(const GgufWriter& source, const std::string& key, std::uint32_t type, Bytes value) {
    GgufWriter out = source;
    for (auto& pair : out.metadata()) {
        if (pair.key != key) continue;
        pair.type = type;
        pair.value = std::move(value);
        return out;
    }
    return out.raw_set(key, type, std::move(value));
}

// The same for a value of a C++ type.
template <class T>
GgufWriter with(const GgufWriter& source, const std::string& key, const T& value) {
    GgufWriter made;
    made.set(key, value);
    auto& pair = made.metadata().front();
    return with(source, key, pair.type, std::move(pair.value));
}

// A well-formed value of any type: a small number or a short text.
Bytes sample(std::uint32_t type, std::uint32_t count = 1) {
    Bytes out;
    if (type == array_type) {
        append(out, std::uint32_t{4});
        append(out, std::uint64_t{count});
        for (std::uint32_t i = 0; i < count; ++i) append(out, i + 1);
    } else if (type == static_cast<std::uint32_t>(ValueType::string)) {
        append_string(out, "text");
    } else if (type == static_cast<std::uint32_t>(ValueType::f32)) {
        append(out, 1.0f);
    } else if (type == static_cast<std::uint32_t>(ValueType::f64)) {
        append(out, 1.0);
    } else {
        out.resize(scalar_bytes.at(type));
        out.front() = std::byte{1};
    }
    return out;
}

Bytes sample_array(std::uint32_t element, std::uint32_t count) {
    Bytes out;
    append(out, element);
    append(out, std::uint64_t{count});
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto one = sample(element, 1);
        append_bytes(out, one.data(), one.size());
    }
    return out;
}

// Every key that the library reads, present in the source or not.
std::vector<std::string> hyper_parameter_keys(const GgufWriter& source) {
    std::string prefix;
    for (const auto& pair : source.metadata()) {
        if (pair.key.ends_with(".block_count")) prefix = pair.key.substr(0, pair.key.find('.') + 1);
    }
    std::vector<std::string> out = {"general.alignment", "split.count", "split.no", "split.tensors.count"};
    for (const char* key : {"block_count",
                            "context_length",
                            "embedding_length",
                            "feed_forward_length",
                            "vocab_size",
                            "expert_count",
                            "attention.head_count",
                            "attention.head_count_kv",
                            "attention.key_length",
                            "attention.value_length",
                            "attention.layer_norm_rms_epsilon",
                            "attention.sliding_window",
                            "attention.sliding_window_pattern",
                            "attention.scale",
                            "attn_logit_softcapping",
                            "final_logit_softcapping",
                            "rope.dimension_count",
                            "rope.freq_base",
                            "rope.freq_base_swa",
                            "rope.scaling.type",
                            "rope.scaling.factor",
                            "rope.scale_linear",
                            "rope.scaling.attn_factor",
                            "rope.scaling.original_context_length",
                            "rope.scaling.yarn_beta_fast",
                            "rope.scaling.yarn_beta_slow"}) {
        out.push_back(prefix + key);
    }
    return out;
}

const std::vector<std::uint64_t>& naturals() {
    static const std::vector<std::uint64_t> values = {0,
                                                      1,
                                                      2,
                                                      3,
                                                      4,
                                                      5,
                                                      7,
                                                      8,
                                                      15,
                                                      16,
                                                      17,
                                                      31,
                                                      32,
                                                      33,
                                                      63,
                                                      64,
                                                      65,
                                                      96,
                                                      127,
                                                      128,
                                                      255,
                                                      256,
                                                      257,
                                                      511,
                                                      512,
                                                      513,
                                                      4095,
                                                      4096,
                                                      4097,
                                                      16383,
                                                      16384,
                                                      16385,
                                                      65535,
                                                      65536,
                                                      1u << 20,
                                                      (1u << 20) + 1,
                                                      1u << 22,
                                                      1u << 24,
                                                      1u << 30,
                                                      (1u << 30) + 1,
                                                      (1u << 31) - 1,
                                                      1u << 31,
                                                      (1u << 31) + 1,
                                                      ~0u};
    return values;
}

const std::vector<double>& reals() {
    using limits = std::numeric_limits<float>;
    static const std::vector<double> values = {0,
                                               -0.0,
                                               1,
                                               -1,
                                               0.5,
                                               2,
                                               1e-3,
                                               1e-6,
                                               1e-30,
                                               1e-45,
                                               1e3,
                                               1e6,
                                               1e12,
                                               1e13,
                                               1e38,
                                               1e308,
                                               -1e308,
                                               static_cast<double>(limits::denorm_min()),
                                               static_cast<double>(limits::max()),
                                               std::numeric_limits<double>::infinity(),
                                               -std::numeric_limits<double>::infinity(),
                                               std::numeric_limits<double>::quiet_NaN()};
    return values;
}

void put_numbers(const GgufWriter& source, const std::string& key, const Emit& emit) {
    for (const auto value : naturals()) {
        emit(key + " = u32 " + std::to_string(value),
             [&] { return with(source, key, static_cast<std::uint32_t>(value)).bytes(); });
        emit(key + " = i32 " + std::to_string(static_cast<std::int32_t>(value)),
             [&] { return with(source, key, static_cast<std::int32_t>(value)).bytes(); });
    }
    for (const std::uint64_t value :
         {std::uint64_t{16}, (std::uint64_t{1} << 32) - 1, std::uint64_t{1} << 32,
          (std::uint64_t{1} << 32) + 16, (std::uint64_t{1} << 63) - 1, std::uint64_t{1} << 63,
          (std::uint64_t{1} << 63) + 1, ~std::uint64_t{0}}) {
        emit(key + " = u64 " + std::to_string(value), [&] { return with(source, key, value).bytes(); });
        const auto negative = static_cast<std::int64_t>(value);
        emit(key + " = i64 " + std::to_string(negative), [&] { return with(source, key, negative).bytes(); });
    }
    for (const double value : reals()) {
        emit(key + " = f32 " + std::to_string(value),
             [&] { return with(source, key, static_cast<float>(value)).bytes(); });
        emit(key + " = f64 " + std::to_string(value), [&] { return with(source, key, value).bytes(); });
    }
}

void put_arrays(const GgufWriter& source, const std::string& key, const Emit& emit) {
    for (const std::size_t size : {0u, 1u, 2u, 3u, 64u}) {
        for (const std::int64_t value :
             {std::int64_t{0}, std::int64_t{1}, std::int64_t{2}, std::int64_t{16}, std::int64_t{32},
              std::int64_t{-1}, std::int64_t{1} << 32, std::numeric_limits<std::int64_t>::max(),
              std::numeric_limits<std::int64_t>::min()}) {
            emit(key + " = " + std::to_string(size) + " times " + std::to_string(value),
                 [&] { return with(source, key, std::vector<std::int64_t>(size, value)).bytes(); });
        }
        emit(key + " = " + std::to_string(size) + " reals",
             [&] { return with(source, key, std::vector<double>(size, 1.0)).bytes(); });
        emit(key + " = " + std::to_string(size) + " booleans",
             [&] { return with(source, key, std::vector<bool>(size, true)).bytes(); });
        emit(key + " = " + std::to_string(size) + " texts",
             [&] { return with(source, key, std::vector<std::string>(size, "2")).bytes(); });
    }
}

// The array of strings under `key`, if the source has one.
std::vector<std::string> strings(const GgufWriter& source, const std::string& key) {
    std::vector<std::string> out;
    for (const auto& pair : source.metadata()) {
        if (pair.key != key) continue;
        std::size_t at = 12;
        while (at < pair.value.size()) {
            std::uint64_t length = 0;
            std::memcpy(&length, pair.value.data() + at, 8);
            out.emplace_back(reinterpret_cast<const char*>(pair.value.data()) + at + 8, length);
            at += 8 + length;
        }
    }
    return out;
}

const std::vector<std::string>& hostile_texts() {
    static const std::vector<std::string> texts = {"",
                                                   " ",
                                                   "a",
                                                   "a ",
                                                   " a",
                                                   "a  b",
                                                   "a b",
                                                   "a b c",
                                                   "ab cd",
                                                   "nosuch a",
                                                   "\xFF",
                                                   "\xE2\x96",
                                                   std::string(1, '\0'),
                                                   "<s>",
                                                   "</s>",
                                                   "<0x41>",
                                                   "<0x-1>",
                                                   "<0xZZ>",
                                                   "<0x>",
                                                   "<0x100>",
                                                   "<0xA>",
                                                   "<|im_end|>",
                                                   "\xE2\x96\x81",
                                                   "\xC4\xA0",
                                                   "\n\x1B[2J",
                                                   std::string(1000, 'x'),
                                                   std::string(20000, 'y'),
                                                   std::string("a b\0c", 5)};
    return texts;
}

void damage_texts(const GgufWriter& source, const std::string& key, const Emit& emit) {
    const auto own = strings(source, key);
    if (own.empty()) return;
    for (std::size_t i = 0; i < own.size(); ++i) {
        const auto put = [&](const std::string& what, std::vector<std::string> values) {
            emit(key + "[" + std::to_string(i) + "] " + what,
                 [&] { return with(source, key, values).bytes(); });
        };
        for (const auto& text : hostile_texts()) {
            auto changed = own;
            changed[i] = text;
            put("= " + text.substr(0, 20), changed);
        }
        for (std::size_t j = 0; j < own.size(); ++j) {
            auto changed = own;
            changed[i] = own[j];
            if (i != j) put("= element " + std::to_string(j), changed);
        }
        auto shorter = own;
        shorter.resize(i);
        put("and what follows gone", shorter);
        auto without = own;
        without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
        put("gone", without);
        auto longer = own;
        longer.insert(longer.end(), i + 1, own[i]);
        put("as often again as its place", longer);
    }
}

template <class T>
void damage_numbers(const GgufWriter& source, const std::string& key, std::size_t tokens, T usual,
                    const std::vector<T>& bad, const Emit& emit) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, tokens - 1, tokens, tokens + 1, 2 * tokens}) {
        for (const T value : bad) {
            for (const std::size_t place : {std::size_t{0}, size / 2, size - 1}) {
                std::vector<T> values(size, usual);
                if (place < size) values[place] = value;
                emit(key + " of " + std::to_string(size) + " with " + std::to_string(value),
                     [&] { return with(source, key, values).bytes(); });
            }
            emit(key + " of " + std::to_string(size) + " all " + std::to_string(value),
                 [&] { return with(source, key, std::vector<T>(size, value)).bytes(); });
        }
    }
}

void damage_ids(const GgufWriter& source, std::size_t tokens, const Emit& emit) {
    for (const char* name : {"bos", "eos", "unknown", "seperator", "padding", "eot", "eom", "cls"}) {
        const auto key = "tokenizer.ggml." + std::string(name) + "_token_id";
        for (const std::uint64_t value :
             {std::uint64_t{0}, tokens - 1, tokens, tokens + 1, std::uint64_t{1} << 31,
              (std::uint64_t{1} << 32) - 1, std::uint64_t{1} << 32, std::uint64_t{1} << 63,
              ~std::uint64_t{0}}) {
            emit(key + " = u32 " + std::to_string(value),
                 [&] { return with(source, key, static_cast<std::uint32_t>(value)).bytes(); });
            emit(key + " = u64 " + std::to_string(value), [&] { return with(source, key, value).bytes(); });
            emit(key + " = i32 " + std::to_string(value),
                 [&] { return with(source, key, static_cast<std::int32_t>(value)).bytes(); });
            emit(key + " = i64 " + std::to_string(value),
                 [&] { return with(source, key, static_cast<std::int64_t>(value)).bytes(); });
        }
    }
}

}  // namespace

void other_types(const GgufWriter& source, const Emit& emit) {
    for (const auto& pair : source.metadata()) {
        for (std::uint32_t type = 0; type <= 14; ++type) {
            const auto what = pair.key + " as type " + std::to_string(type);
            if (type != pair.type)
                emit(what + ", the bytes kept",
                     [&] { return with(source, pair.key, type, pair.value).bytes(); });
            if (type <= 12) emit(what, [&] { return with(source, pair.key, type, sample(type)).bytes(); });
            for (const std::uint32_t count : {0u, 1u, 2u, 16u}) {
                if (type > 12) continue;
                emit(pair.key + " as array of " + std::to_string(count) + " of type " + std::to_string(type),
                     [&] { return with(source, pair.key, array_type, sample_array(type, count)).bytes(); });
            }
        }
    }
}

void hyper_parameters(const GgufWriter& source, const Emit& emit) {
    for (const auto& key : hyper_parameter_keys(source)) {
        put_numbers(source, key, emit);
        put_arrays(source, key, emit);
        for (const char* text : {"", "none", "linear", "yarn", "longrope", "1"})
            emit(key + " = '" + text + "'", [&] { return with(source, key, text).bytes(); });
        for (const bool value : {false, true})
            emit(key + " = a boolean", [&] { return with(source, key, value).bytes(); });
    }
    for (const char* name : {"", "llama", "gemma3", "gemma", "LLAMA", "llama\n", "..", "clip"})
        emit(std::string("architecture ") + name,
             [&] { return with(source, "general.architecture", name).bytes(); });
}

void vocabularies(const GgufWriter& source, const Emit& emit) {
    const std::string prefix = "tokenizer.ggml.";
    const auto tokens = strings(source, prefix + "tokens").size();
    if (tokens == 0) return;
    damage_texts(source, prefix + "tokens", emit);
    damage_texts(source, prefix + "merges", emit);
    damage_ids(source, tokens, emit);
    damage_numbers<std::int32_t>(source, prefix + "token_type", tokens, 1,
                                 {-1, 0, 1, 2, 3, 4, 5, 6, 7, 255, std::numeric_limits<std::int32_t>::min(),
                                  std::numeric_limits<std::int32_t>::max()},
                                 emit);
    damage_numbers<float>(source, prefix + "scores", tokens, 0,
                          {0, -1, 1e30f, -1e30f, std::numeric_limits<float>::infinity(),
                           -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()},
                          emit);
    for (const char* model : {"", "none", "no_vocab", "gpt2", "llama", "bert", "t5", "rwkv", "plamo2"}) {
        for (const char* pre :
             {"", "default", "llama-bpe", "gpt-2", "qwen2", "deepseek-llm", "falcon", "smollm", "nosuch"})
            emit(std::string(model) + " with " + pre,
                 [&] { return with(with(source, prefix + "model", model), prefix + "pre", pre).bytes(); });
    }
    for (std::uint32_t size = 0; size <= 64; ++size) {
        emit("a character map of " + std::to_string(size) + " bytes", [&] {
            return with(with(source, prefix + "model", "t5"), prefix + "precompiled_charsmap",
                        std::vector<std::uint8_t>(size, static_cast<std::uint8_t>(size * 37)))
                .bytes();
        });
    }
}

void chat_templates(const GgufWriter& source, const Emit& emit) {
    const std::string key = "tokenizer.chat_template";
    std::string own;
    for (const auto& pair : source.metadata()) {
        if (pair.key == key)
            own.assign(reinterpret_cast<const char*>(pair.value.data()) + 8, pair.value.size() - 8);
    }
    for (std::size_t i = 0; i < own.size(); ++i) {
        emit("template cut at " + std::to_string(i),
             [&] { return with(source, key, own.substr(0, i)).bytes(); });
        emit("template from " + std::to_string(i), [&] { return with(source, key, own.substr(i)).bytes(); });
        for (const char c : {'{', '}', '%', '\'', '\0', '\xFF'}) {
            auto changed = own;
            changed[i] = c;
            emit("template with byte " + std::to_string(i) + " changed",
                 [&] { return with(source, key, changed).bytes(); });
        }
    }
    std::string deep, deeper;
    for (int i = 0; i < 3000; ++i) deep += "(", deeper += "{% if a %}";
    for (const std::string& text :
         {"{{" + deep, deeper, std::string("{{ range(10**9) }}"),
          std::string("{% for i in range(1000000) %}{% endfor %}"), std::string("{{ ''.__class__ }}"),
          std::string("{{ messages[-1].content[0:-99] }}"), std::string("{{ raise_exception('no') }}"),
          std::string("{{ 9223372036854775807 * 2 }}"), std::string("{{ 1 // 0 }}"),
          std::string("{{ 'a' * -1 }}"), std::string(100000, '{'),
          std::string("{%- macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), std::string("{{ '%s' % [] }}")}) {
        emit("template " + text.substr(0, 40), [&] { return with(source, key, text).bytes(); });
    }
}

}  // namespace lamina::test::hostile
