// The tokenizer of a vocabulary: encode, decode and token properties.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/provenance.hpp"
#include "text/vocabulary.hpp"

namespace lamina::text {

// Splits plain text (no control tokens left in it) into ids: one implementation a TokenizerKind.
class Segmenter {
  public:
    virtual ~Segmenter() = default;
    // Appends the ids of `text` to `out`. `first`: the text begins the whole input or follows a control or
    // user-defined token (SentencePiece adds its space prefix there).
    virtual void encode(std::string_view text, bool first, std::vector<std::int32_t>& out) const = 0;
    // The bytes of an ordinary token as they appear in text.
    virtual std::string bytes(std::int32_t id) const = 0;
};

class Tokenizer {
  public:
    // Validates the vocabulary (sizes, ids in range, byte tokens, merges) and builds its tables. Tokens with
    // a name that ends generation everywhere ("<|im_end|>", "</s>", ...) count as control tokens, whatever
    // their kind. Throws bad_file or unsupported naming the field.
    explicit Tokenizer(VocabularyData data);
    ~Tokenizer();

    // See lamina::Tokenizer for the meaning of each. `special` adds BOS/EOS and reads control tokens.
    std::vector<std::int32_t> encode(std::string_view text, bool special) const;
    // BOS/EOS are not added; control tokens are read where a trusted span (or several that touch) holds all
    // of them, user-defined ones everywhere. Control tokens are found first, then user-defined ones in the
    // text between; of each, the leftmost and of those the longest. What is left is segmented as one piece
    // from one such token to the next, whoever wrote it. Bytes beyond the spans are untrusted.
    std::vector<std::int32_t> encode(const MarkedText& text) const;
    std::string decode(std::span<const std::int32_t> ids, bool special) const;
    std::string piece(std::int32_t id) const;
    std::optional<std::int32_t> find(std::string_view text) const;
    bool ends_generation(std::int32_t id) const;
    bool is_control(std::int32_t id) const;  // control and unknown tokens: not part of the text
    // What an id adds to a text before repair of its UTF-8; empty for control tokens unless `special`.
    // `start`: nothing came before it (the space prefix is left out there).
    std::string text_of(std::int32_t id, bool special, bool start) const;
    const VocabularyData& data() const;

  private:
    struct State;
    std::unique_ptr<const State> state_;
};

}  // namespace lamina::text
