#include "lamina/tokenizer.hpp"

#include "text/detokenizer.hpp"
#include "text/tokenizer.hpp"

namespace lamina {

std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
    return impl_->encode(text, options.special);
}

std::string Tokenizer::decode(std::span<const TokenId> ids, bool special) const {
    return impl_->decode(ids, special);
}

std::string Tokenizer::piece(TokenId id) const { return impl_->piece(id); }

std::optional<TokenId> Tokenizer::find(std::string_view text) const { return impl_->find(text); }

std::uint32_t Tokenizer::size() const { return static_cast<std::uint32_t>(impl_->data().tokens.size()); }

TokenId Tokenizer::bos() const { return impl_->data().bos; }

TokenId Tokenizer::eos() const { return impl_->data().eos; }

bool Tokenizer::ends_generation(TokenId id) const { return impl_->ends_generation(id); }

bool Tokenizer::is_control(TokenId id) const { return impl_->is_control(id); }

Detokenizer::Detokenizer(const Tokenizer& tokenizer, bool special)
    : impl_(std::make_unique<text::Detokenizer>(tokenizer.impl_, special)) {}

Detokenizer::~Detokenizer() = default;
Detokenizer::Detokenizer(Detokenizer&&) noexcept = default;
Detokenizer& Detokenizer::operator=(Detokenizer&&) noexcept = default;

std::string Detokenizer::push(TokenId id) { return impl_->push(id); }

std::string Detokenizer::flush() { return impl_->flush(); }

}  // namespace lamina
