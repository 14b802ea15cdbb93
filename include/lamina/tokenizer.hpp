/// @file
/// Text to token ids and back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/export.h"

namespace lamina {

/// The number of a token, from 0; -1 where there is none.
using TokenId = std::int32_t;

namespace text {
class Tokenizer;
class Detokenizer;
}  // namespace text

/// How text is read.
struct EncodeOptions {
    bool special = false;  ///< add what the vocabulary asks for (BOS, EOS), read control tokens in the text
};

/// A handle to an immutable tokenizer; cheap to copy, safe to use from many threads.
class LAMINA_API Tokenizer {
  public:
    /// Token ids of UTF-8 text. Bytes that are no UTF-8 are encoded as single bytes where the vocabulary has
    /// tokens for them, else as U+FFFD, else as the unknown token, else left out. Never throws on text.
    std::vector<TokenId> encode(std::string_view text, EncodeOptions options = {}) const;

    /// The text that the ids stand for, always UTF-8: bytes that form no character become U+FFFD, one for
    /// each longest beginning of a character. Control tokens are left out unless `special`. Ids outside the
    /// vocabulary throw invalid_argument.
    std::string decode(std::span<const TokenId> ids, bool special = false) const;

    /// The bytes of one token, control tokens by name. Throws invalid_argument for ids outside the
    /// vocabulary.
    std::string piece(TokenId id) const;
    /// The id of a token by its exact stored text.
    std::optional<TokenId> find(std::string_view text) const;
    /// Tokens in the vocabulary.
    std::uint32_t size() const;
    /// The token that begins a text; -1 where there is none.
    TokenId bos() const;
    /// The token that ends a text; -1 where there is none.
    TokenId eos() const;
    /// Whether it is EOS, end of turn or one of their kin.
    bool ends_generation(TokenId id) const;
    /// Whether it is a control token.
    bool is_control(TokenId id) const;

    /// For the library itself.
    explicit Tokenizer(std::shared_ptr<const text::Tokenizer> impl) : impl_(std::move(impl)) {}
    /// For the library itself.
    const text::Tokenizer& impl() const { return *impl_; }

  private:
    friend class Detokenizer;
    std::shared_ptr<const text::Tokenizer> impl_;
};

/// Turns a stream of ids into text, holding back bytes until a character is complete. One per stream.
class LAMINA_API Detokenizer {
  public:
    /// A new stream; `special` as for Tokenizer::decode.
    explicit Detokenizer(const Tokenizer& tokenizer, bool special = false);
    ~Detokenizer();
    Detokenizer(Detokenizer&&) noexcept;  ///< leaves nothing but destruction and assignment to the other
    Detokenizer& operator=(Detokenizer&&) noexcept;  ///< drops what was held back

    /// What is complete now, possibly nothing: never part of a character. All of it and the flush together
    /// are what Tokenizer::decode gives for the same ids.
    std::string push(TokenId id);
    /// What is left: an incomplete character becomes U+FFFD. The next push begins a new text.
    std::string flush();

  private:
    std::unique_ptr<text::Detokenizer> impl_;
};

}  // namespace lamina
