// How often each token occurs among the last tokens of a growing history.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lamina/tokenizer.hpp"

namespace lamina::sample {

class TokenWindow {
  public:
    TokenWindow(std::uint32_t window, std::uint32_t vocabulary) : window_(window), entries_(vocabulary) {}

    // Takes in what `history` has gained since the last call: work for the new tokens and those that fall out
    // alone.
    void advance(std::span<const TokenId> history);

    // Calls visit(token, count) for every token in the window, in no particular order.
    template <class Visit>
    void for_each(Visit&& visit) {
        std::size_t kept = 0;
        for (const TokenId token : tokens_) {
            auto& entry = entries_[static_cast<std::size_t>(token)];
            entry.listed = entry.count > 0;
            if (!entry.listed) continue;
            tokens_[kept++] = token;
            visit(token, std::uint32_t{entry.count});
        }
        tokens_.resize(kept);
    }

  private:
    struct Entry {
        std::uint32_t count : 31 = 0;
        std::uint32_t listed : 1 = 0;  // it is in tokens_
    };
    bool known(TokenId token) const {
        return token >= 0 && static_cast<std::size_t>(token) < entries_.size();
    }
    void add(TokenId token);
    void clear();

    std::uint32_t window_;
    std::vector<Entry> entries_;       // of each token of the vocabulary
    std::vector<TokenId> tokens_;      // those counted; some may have fallen out since the last for_each
    std::size_t begin_ = 0, end_ = 0;  // the part of the history that is counted
};

}  // namespace lamina::sample
