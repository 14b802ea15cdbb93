// The pre-tokenizer patterns. Each stage is one "Split" (behaviour "Isolated") or its equal in the
// tokenizer.json that the row names; PCRE2 syntax, \s and \S meaning Unicode White_Space (see
// pretokenizer.cpp).
#include <algorithm>
#include <array>

#include "text/pretokenizer.hpp"

namespace lamina::text {
namespace {

// huggingface.co/openai-community/gpt2: "ByteLevel" with use_regex, from OpenAI's encoder.py.
constexpr std::string_view gpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// huggingface.co/meta-llama/Meta-Llama-3-8B
constexpr std::string_view llama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// huggingface.co/Qwen/Qwen2-7B: Llama 3's with single digits.
constexpr std::string_view qwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// huggingface.co/deepseek-ai/deepseek-llm-7b-base: cased letters, punctuation, trailing space, CJK and
// Hangul.
constexpr std::string_view deepseek_letters =
    R"(\s?[)"
    R"(A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293})"
    R"(\x{295}-\x{2AF}\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A})"
    R"(\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556})"
    R"(\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF})"
    R"(\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D})"
    R"(\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D})"
    R"(\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4})"
    R"(\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4})"
    R"(\x{1FF6}-\x{1FFC}\x{2102}\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124})"
    R"(\x{2126}\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F})"
    R"(\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4})"
    R"(\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F})"
    R"(\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17})"
    R"(\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3})"
    R"(\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF})"
    R"(\x{1E900}-\x{1E943})"
    R"(]+)";
constexpr std::string_view deepseek_punctuation =
    R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)";
// Published as \s+$. The lookbehind changes no match and keeps the search linear in runs of spaces.
constexpr std::string_view deepseek_trailing = R"((?<!\s)\s+\z)";
constexpr std::string_view deepseek_east_asian = R"([\x{4E00}-\x{9FA5}\x{0800}-\x{4E00}\x{AC00}-\x{D7FF}]+)";

const std::array<Pattern, 17>& table() {
    static const std::array<Pattern, 17> rows = {{
        {"gpt-2", {gpt2}},
        {"mpt", {gpt2}},    // huggingface.co/mosaicml/mpt-7b
        {"olmo", {gpt2}},   // huggingface.co/allenai/OLMo-7B-hf
        {"phi-2", {gpt2}},  // huggingface.co/microsoft/phi-2
        // huggingface.co/bigcode/starcoder2-3b: "Digits" with individual_digits, then "ByteLevel"
        {"starcoder", {R"(\p{N})", gpt2}},
        {"smollm", {R"(\p{N})", gpt2}},     // huggingface.co/HuggingFaceTB/SmolLM2-135M: the same
        {"refact", {R"(\p{N})", gpt2}},     // huggingface.co/smallcloudai/Refact-1_6-base: the same
        {"command-r", {R"(\p{N})", gpt2}},  // huggingface.co/CohereForAI/c4ai-command-r-v01: the same
        {"llama-bpe", {llama3}, true, true},
        {"llama3", {llama3}, true, true},
        {"llama-v3", {llama3}, true, true},
        {"smaug-bpe", {llama3}},  // huggingface.co/abacusai/Smaug-Llama-3-70B-Instruct
        {"dbrx", {llama3}},       // huggingface.co/databricks/dbrx-base
        {"qwen2", {qwen2}},
        {"deepseek-r1-qwen", {qwen2}},  // huggingface.co/deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B
        {"deepseek-llm",
         {R"([\r\n])", deepseek_letters, deepseek_punctuation, deepseek_trailing, deepseek_east_asian,
          R"(\p{N})"}},
        // huggingface.co/tiiuae/falcon-7b: "Punctuation" (contiguous), "ByteLevel", "Digits", then groups of
        // three.
        {"falcon", {R"([\p{P}$+<=>^~|`]+)", gpt2, R"([0-9][0-9][0-9])"}},
    }};
    return rows;
}

}  // namespace

bool has_pattern(std::string_view name) {
    const auto& rows = table();
    return std::any_of(rows.begin(), rows.end(), [&](const Pattern& row) { return row.name == name; });
}

const Pattern& find_pattern(std::string_view name) {
    const auto& rows = table();
    const auto found =
        std::find_if(rows.begin(), rows.end(), [&](const Pattern& row) { return row.name == name; });
    return found == rows.end() ? rows.front() : *found;
}

}  // namespace lamina::text
