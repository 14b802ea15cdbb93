#include "lamina/tokenizer.hpp"

#include "base/border.hpp"
#include "text/detokenizer.hpp"
#include "text/tokenizer.hpp"

namespace lamina {

std::vector<TokenId> Tokenizer::encode(std::string_view text, EncodeOptions options) const try {
    return impl_->encode(text, options.special);
} catch (...) { rethrow_typed("tokenizer"); }

std::string Tokenizer::decode(std::span<const TokenId> ids, bool special) const try {
    return impl_->decode(ids, special);
} catch (...) { rethrow_typed("tokenizer"); }

std::string Tokenizer::piece(TokenId id) const try { return impl_->piece(id); } catch (...) {
    rethrow_typed("tokenizer");
}

std::optional<TokenId> Tokenizer::find(std::string_view text) const try {
    return impl_->find(text);
} catch (...) { rethrow_typed("tokenizer"); }

std::uint32_t Tokenizer::size() const { return static_cast<std::uint32_t>(impl_->data().tokens.size()); }

TokenId Tokenizer::bos() const { return impl_->data().bos; }

TokenId Tokenizer::eos() const { return impl_->data().eos; }

bool Tokenizer::ends_generation(TokenId id) const { return impl_->ends_generation(id); }

bool Tokenizer::is_control(TokenId id) const { return impl_->is_control(id); }

Detokenizer::Detokenizer(const Tokenizer& tokenizer, bool special) try
    : impl_(std::make_unique<text::Detokenizer>(tokenizer.impl_, special)) {
} catch (...) { rethrow_typed("tokenizer"); }

Detokenizer::~Detokenizer() = default;
Detokenizer::Detokenizer(Detokenizer&&) noexcept = default;
Detokenizer& Detokenizer::operator=(Detokenizer&&) noexcept = default;

std::string Detokenizer::push(TokenId id) try { return impl_->push(id); } catch (...) {
    rethrow_typed("tokenizer");
}

std::string Detokenizer::flush() try { return impl_->flush(); } catch (...) {
    rethrow_typed("tokenizer");
}

}  // namespace lamina
