#include "cache/sequences.hpp"

#include <algorithm>
#include <string>

#include "lamina/error.hpp"

namespace lamina::cache {

using backend::no_page;
using backend::page_tokens;

PagePool::PagePool(std::uint32_t pages) {
    free_.reserve(pages);
    for (std::uint32_t page = pages; page > 0; --page) free_.push_back(static_cast<std::int32_t>(page - 1));
}

std::int32_t PagePool::take() {
    if (free_.empty()) return no_page;
    const auto page = free_.back();
    free_.pop_back();
    return page;
}

void PagePool::give(std::int32_t page) { free_.push_back(page); }

Sequences::Sequences(std::span<const backend::CacheGeometry> groups, std::uint32_t sequences,
                     std::uint32_t context)
    : groups_(groups.begin(), groups.end()), entries_(sequences), context_(context) {
    for (const auto& group : groups_) pools_.emplace_back(group.pages);
    for (auto& entry : entries_) {
        entry.tables.resize(groups_.size());
        entry.released.resize(groups_.size());
        for (auto& table : entry.tables) table.reserve(div_up(context, page_tokens));
    }
}

std::optional<SequenceId> Sequences::try_open() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        if (entries_[i].open) continue;
        entries_[i].open = true;
        return static_cast<SequenceId>(i);
    }
    return std::nullopt;
}

SequenceId Sequences::open() {
    if (const auto sequence = try_open()) return *sequence;
    throw Error(ErrorCode::out_of_memory, "cache",
                "all " + std::to_string(entries_.size()) +
                    " sequences are in use; load the model with more (option sequences)");
}

void Sequences::give_back(Entry& entry, std::size_t group, std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) {
        auto& page = entry.tables[group][i];
        if (page != no_page) pools_[group].give(page);
        page = no_page;
    }
}

void Sequences::close(SequenceId sequence) {
    truncate(sequence, 0);
    entries_[sequence].open = false;
}

bool Sequences::can_truncate(SequenceId sequence, std::uint32_t length) const {
    const auto& entry = entries_[sequence];
    if (length == 0 || length == entry.length) return true;
    if (length > entry.length) return false;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
        // The next token, at position `length`, looks back to length + 1 - window.
        const auto window = groups_[g].window;
        const std::uint32_t oldest = window > 0 && length + 1 > window ? length + 1 - window : 0;
        if (oldest / page_tokens < entry.released[g]) return false;
    }
    return true;
}

void Sequences::truncate(SequenceId sequence, std::uint32_t length) {
    auto& entry = entries_[sequence];
    for (std::size_t g = 0; g < groups_.size(); ++g) {
        const auto keep =
            std::min(entry.tables[g].size(), static_cast<std::size_t>(div_up(length, page_tokens)));
        give_back(entry, g, keep, entry.tables[g].size());
        entry.tables[g].resize(keep);
        if (length == 0) entry.released[g] = 0;
    }
    entry.length = length;
}

void Sequences::reserve(SequenceId sequence, std::uint32_t tokens) {
    auto& entry = entries_[sequence];
    const auto pages = static_cast<std::size_t>(div_up(std::uint64_t{entry.length} + tokens, page_tokens));
    for (std::size_t g = 0; g < groups_.size(); ++g) {
        while (entry.tables[g].size() < pages) {
            const auto page = pools_[g].take();
            if (page == no_page) {
                truncate(sequence, entry.length);  // gives back what this call took
                throw Error(ErrorCode::out_of_memory, "cache",
                            "no free page for " + std::to_string(tokens) + " more tokens");
            }
            entry.tables[g].push_back(page);
        }
    }
}

void Sequences::commit(SequenceId sequence, std::uint32_t tokens) {
    auto& entry = entries_[sequence];
    entry.length += tokens;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
        const auto window = groups_[g].window;
        if (window == 0 || entry.length + 1 <= window) continue;
        const auto dead = (entry.length + 1 - window) / page_tokens;
        if (dead <= entry.released[g]) continue;
        give_back(entry, g, entry.released[g], dead);
        entry.released[g] = dead;
    }
}

}  // namespace lamina::cache
