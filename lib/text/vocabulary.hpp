// What a tokenizer is made of, as plain values: filled from a file's metadata by the api, known to no format.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/errors.hpp"

namespace lamina::text {

enum class TokenizerKind {
    bpe,            // byte-level byte-pair encoding: merges ranked by order (GPT-2)
    sentencepiece,  // greedy merges by score, byte fallback (SentencePiece BPE: Llama, Gemma)
    wordpiece,      // BERT
    unigram,        // SentencePiece unigram (T5)
};

// The values of GGUF's tokenizer.ggml.token_type.
enum class TokenKind : std::uint8_t {
    undefined = 0,
    normal = 1,
    unknown = 2,
    control = 3,
    user_defined = 4,
    unused = 5,
    byte = 6
};

struct Token {
    std::string text;  // as stored: byte-level BPE keeps its printable alphabet, SentencePiece its U+2581
    float score = 0;
    TokenKind kind = TokenKind::normal;
};

inline constexpr std::int32_t no_token = -1;

struct VocabularyData {
    TokenizerKind kind = TokenizerKind::bpe;
    std::string pattern;              // name of the pre-tokenizer: "smollm", "llama-bpe", "default", ...
    std::vector<Token> tokens;        // the id is the index
    std::vector<std::string> merges;  // "left right", best first (byte-level BPE)
    std::int32_t bos = no_token, eos = no_token, unknown = no_token, separator = no_token, padding = no_token;
    std::int32_t end_of_turn = no_token, end_of_message = no_token;
    bool add_bos = false, add_eos = false, add_separator = false;
    bool add_space_prefix = false;     // a space before the first word (SentencePiece)
    bool remove_extra_spaces = false;  // read by unigram alone
    std::string source;                // the file, for errors

    Errors errors() const { return {"tokenizer", source}; }
};

inline constexpr std::size_t most_tokens = std::size_t{4} << 20;
// Text of all control and user-defined tokens together; published vocabularies have up to 0.1 MB.
inline constexpr std::size_t most_special_bytes = std::size_t{4} << 20;

// Control and unknown tokens stand for no text.
inline bool is_special(TokenKind kind) { return kind == TokenKind::control || kind == TokenKind::unknown; }

// Throws bad_file naming the field: no tokens or too many, ids outside the vocabulary, scores that are not
// finite, kinds that do not exist, byte tokens that name no byte. Merges are checked by the segmenter that
// uses them.
void validate(const VocabularyData& data);

}  // namespace lamina::text
