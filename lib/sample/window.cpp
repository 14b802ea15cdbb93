#include "sample/window.hpp"

namespace lamina::sample {

void TokenWindow::advance(std::span<const TokenId> history) {
    const std::size_t begin = history.size() > window_ ? history.size() - window_ : 0;
    if (begin >= end_ || history.size() < end_) {
        clear();
        begin_ = end_ = begin;
    }
    for (; end_ < history.size(); ++end_) add(history[end_]);
    for (; begin_ < begin; ++begin_) {
        if (known(history[begin_])) --entries_[static_cast<std::size_t>(history[begin_])].count;
    }
}

void TokenWindow::add(TokenId token) {
    if (!known(token)) return;
    auto& entry = entries_[static_cast<std::size_t>(token)];
    ++entry.count;
    if (entry.listed) return;
    entry.listed = 1;
    tokens_.push_back(token);
}

void TokenWindow::clear() {
    for (const TokenId token : tokens_) entries_[static_cast<std::size_t>(token)] = {};
    tokens_.clear();
}

}  // namespace lamina::sample
