// The tokens of an answer to pieces of text.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/stop_matcher.hpp"
#include "lamina/engine.hpp"

namespace lamina::api {

class PieceStream {
  public:
    // Without a tokenizer pieces have tokens and no text. Throws invalid_argument (stop).
    PieceStream(const std::optional<Tokenizer>& tokenizer, std::vector<std::string> stops);

    // The token before the answer, where the answer goes on with its text: a space that begins it then
    // counts.
    void follow(TokenId token);

    // What can be released now; `stopped` once a stop string is complete. Each token comes out in exactly one
    // piece.
    struct Result {
        std::optional<Piece> piece;
        bool stopped = false;
    };
    Result push(TokenId token, std::span<const TokenLogprob> logprobs);
    std::optional<Piece> finish();  // what is left at the end of the answer

  private:
    struct Pending {
        TokenId token = 0;
        std::vector<TokenLogprob> logprobs;
        std::size_t end = 0;  // bytes of the whole text up to and with its own
    };
    std::string text_of(TokenId token);
    std::optional<Piece> release(std::string text, bool all);

    std::optional<Tokenizer> tokenizer_;
    std::optional<Detokenizer> detokenizer_;
    StopMatcher matcher_;
    std::deque<Pending> pending_;
    std::size_t decoded_ = 0, released_ = 0;  // bytes
};

}  // namespace lamina::api
