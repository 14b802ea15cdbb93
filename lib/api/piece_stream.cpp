#include "api/piece_stream.hpp"

#include <limits>
#include <utility>

#include "lamina/error.hpp"

namespace lamina::api {

PieceStream::PieceStream(const std::optional<Tokenizer>& tokenizer, std::vector<std::string> stops)
    : tokenizer_(tokenizer), matcher_(std::move(stops)) {
    if (tokenizer_) detokenizer_.emplace(*tokenizer_);
}

// Rows of the embedding beyond the vocabulary have no text.
std::string PieceStream::text_of(TokenId token) {
    if (!detokenizer_ || static_cast<std::uint32_t>(token) >= tokenizer_->size()) return {};
    return detokenizer_->push(token);
}

void PieceStream::follow(TokenId token) {
    if (tokenizer_ && static_cast<std::uint32_t>(token) < tokenizer_->size() &&
        !tokenizer_->is_control(token)) {
        detokenizer_->push(token);
    }
}

PieceStream::Result PieceStream::push(TokenId token, std::span<const TokenLogprob> logprobs) {
    const std::string text = text_of(token);
    decoded_ += text.size();
    pending_.push_back({token, {logprobs.begin(), logprobs.end()}, decoded_});
    if (!tokenizer_) return {release({}, true), false};
    auto matched = matcher_.push(text);
    if (!matched.stopped && matched.text.empty()) return {};
    return {release(std::move(matched.text), matched.stopped), matched.stopped};
}

std::optional<Piece> PieceStream::finish() {
    std::string text;
    if (detokenizer_) {
        auto matched = matcher_.push(detokenizer_->flush());
        text = std::move(matched.text);
        if (!matched.stopped) text += matcher_.flush();
    }
    return release(std::move(text), true);
}

std::optional<Piece> PieceStream::release(std::string text, bool all) {
    released_ += text.size();
    Piece piece{std::move(text), {}, {}};
    while (!pending_.empty() && (all || pending_.front().end <= released_)) {
        auto& first = pending_.front();
        piece.tokens.push_back(first.token);
        if (!first.logprobs.empty()) piece.logprobs.push_back(std::move(first.logprobs));
        pending_.pop_front();
    }
    if (piece.text.empty() && piece.tokens.empty()) return std::nullopt;
    return piece;
}

}  // namespace lamina::api
