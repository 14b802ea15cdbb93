// Made vocabularies, and slow but obvious tokenizations to hold the real ones against.
#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "text/utf8.hpp"
#include "text/vocabulary.hpp"

namespace small {

using lamina::text::Token;
using lamina::text::TokenKind;
using lamina::text::VocabularyData;

// GPT-2's printable alphabet, byte by byte.
inline std::string byte_character(int byte) {
    const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    int before = 0;  // bytes below this one that are not printable
    for (int i = 0; i < byte; ++i)
        before += !((i >= '!' && i <= '~') || (i >= 0xA1 && i <= 0xAC) || i >= 0xAE);
    std::string out;
    lamina::text::append_utf8(out, static_cast<std::uint32_t>(printable ? byte : 0x100 + before));
    return out;
}

inline std::string stored(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) out += byte_character(static_cast<unsigned char>(c));
    return out;
}

inline std::int32_t add(VocabularyData& data, std::string text, TokenKind kind = TokenKind::normal,
                        float score = 0) {
    data.tokens.push_back({std::move(text), score, kind});
    return static_cast<std::int32_t>(data.tokens.size() - 1);
}

// Ids 0 to 255 are the bytes; then one token a merge ("he llo": both sides as plain bytes).
inline VocabularyData byte_bpe(const std::vector<std::pair<std::string, std::string>>& merges = {}) {
    VocabularyData data;
    data.kind = lamina::text::TokenizerKind::bpe;
    data.pattern = "gpt-2";
    data.source = "made.gguf";
    for (int i = 0; i < 256; ++i) add(data, byte_character(i));
    for (const auto& [left, right] : merges) {
        data.merges.push_back(stored(left) + " " + stored(right));
        add(data, stored(left + right));
    }
    return data;
}

// <unk>, <s>, </s>, then the 256 byte tokens, then the pieces with their scores.
inline VocabularyData sentencepiece(const std::vector<std::pair<std::string, float>>& pieces,
                                    bool bytes = true) {
    VocabularyData data;
    data.kind = lamina::text::TokenizerKind::sentencepiece;
    data.source = "made.gguf";
    data.unknown = add(data, "<unk>", TokenKind::unknown);
    data.bos = add(data, "<s>", TokenKind::control);
    data.eos = add(data, "</s>", TokenKind::control);
    data.add_bos = true;
    data.add_space_prefix = true;
    constexpr char digits[] = "0123456789ABCDEF";
    for (int i = 0; bytes && i < 256; ++i) {
        add(data, std::string("<0x") + digits[i / 16] + digits[i % 16] + ">", TokenKind::byte);
    }
    for (const auto& [text, score] : pieces) add(data, text, TokenKind::normal, score);
    return data;
}

inline std::vector<std::string> texts(const VocabularyData& data, const std::vector<std::int32_t>& ids) {
    std::vector<std::string> out;
    for (const auto id : ids) out.push_back(data.tokens.at(static_cast<std::size_t>(id)).text);
    return out;
}

// Text of characters that matter to tokenizers, with invalid bytes where asked for.
inline std::string random_text(std::mt19937& random, std::size_t pieces, bool invalid) {
    static const std::vector<std::string> parts = {" ",
                                                   "  ",
                                                   "\n",
                                                   "\t",
                                                   "\r\n",
                                                   "a",
                                                   "b",
                                                   "ab",
                                                   "the",
                                                   "'s",
                                                   "3",
                                                   "2024",
                                                   ".",
                                                   "!!",
                                                   "<",
                                                   ">",
                                                   "|",
                                                   "\xC3\xA9",
                                                   "\xE4\xB8\xAD",
                                                   "\xF0\x9F\xA6\x99",
                                                   "\xE2\x96\x81",
                                                   "\xCC\x80",
                                                   "\xD9\xA3",
                                                   "\xC2\xA0",
                                                   "<|im_end|>",
                                                   "</s>"};
    static const std::vector<std::string> broken = {"\xFF",     "\x80", "\xE2\x96",
                                                    "\xF0\x9F", "\xC3", "\xED\xA0\x80"};
    std::string out;
    for (std::size_t i = 0; i < pieces; ++i) {
        const auto& from = invalid && random() % 4 == 0 ? broken : parts;
        out += from[random() % from.size()];
    }
    return out;
}

}  // namespace small
