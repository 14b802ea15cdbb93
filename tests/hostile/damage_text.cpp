// Damage to the vocabulary and to the chat template of a file.
#include <limits>

#include "hostile/mutations.hpp"
#include "hostile/with.hpp"

namespace lamina::test::hostile {
namespace {

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
