#include "cache/prefix_cache.hpp"

#include <algorithm>
#include <utility>

namespace lamina::cache {

void PrefixCache::park(SequenceId sequence, std::vector<std::int32_t> tokens) {
    parked_.push_back({sequence, std::move(tokens)});
}

std::uint32_t PrefixCache::usable(const Parked& parked, std::span<const std::int32_t> prompt) const {
    if (prompt.empty()) return 0;
    const std::size_t most = std::min(prompt.size() - 1, parked.tokens.size());
    const auto last = prompt.begin() + static_cast<std::ptrdiff_t>(most);
    const auto end = std::mismatch(prompt.begin(), last, parked.tokens.begin()).first;
    const auto tokens = static_cast<std::uint32_t>(end - prompt.begin());
    return sequences_.can_truncate(parked.sequence, tokens) ? tokens : 0;
}

PrefixHit PrefixCache::use(Position parked, std::uint32_t tokens) {
    const PrefixHit hit{parked->sequence, tokens};
    parked_.erase(parked);
    sequences_.truncate(hit.sequence, hit.tokens);
    return hit;
}

PrefixHit PrefixCache::take(std::span<const std::int32_t> prompt) {
    auto best = parked_.end();
    std::uint32_t tokens = 0;
    for (auto it = parked_.begin(); it != parked_.end(); ++it) {
        const std::uint32_t found = usable(*it, prompt);
        if (found > tokens) best = it, tokens = found;
    }
    if (best != parked_.end() && tokens >= best->tokens.size() / 2) return use(best, tokens);
    if (const auto fresh = sequences_.try_open()) return {*fresh, 0};
    return best != parked_.end() ? use(best, tokens) : PrefixHit{open(), 0};
}

SequenceId PrefixCache::open() {
    if (const auto fresh = sequences_.try_open()) return *fresh;
    if (!parked_.empty()) return use(parked_.begin(), 0).sequence;
    return sequences_.open();  // throws, with its numbers
}

void PrefixCache::clear() {
    for (const auto& parked : parked_) sequences_.close(parked.sequence);
    parked_.clear();
}

}  // namespace lamina::cache
