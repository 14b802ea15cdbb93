// Merging of neighbouring symbols, best first: a heap of candidates over a linked list, O(n log n).
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace lamina::text {

inline constexpr std::uint32_t no_symbol = UINT32_MAX;

// Longer runs without a border are cut here, which bounds the memory of one run (about 100 MB at the worst).
inline constexpr std::size_t most_symbols = std::size_t{1} << 21;

struct Symbol {
    std::uint32_t begin = 0;  // bytes in the run
    std::uint32_t size = 0;   // 0: merged into its left neighbour
    std::uint32_t previous = no_symbol;
    std::uint32_t next = no_symbol;
    std::int32_t id = 0;
};

struct MergeCandidate {
    bool found = false;
    std::uint32_t rank = 0;  // the lowest is merged first, the leftmost of equals
    std::int32_t id = 0;     // what the pair becomes
};

class Merger {
  public:
    void clear() { symbols_.clear(); }
    void add(std::size_t begin, std::size_t size, std::int32_t id) {
        const auto index = static_cast<std::uint32_t>(symbols_.size());
        if (index > 0) symbols_.back().next = index;
        symbols_.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(size),
                            index > 0 ? index - 1 : no_symbol, no_symbol, id});
    }
    std::size_t size() const { return symbols_.size(); }

    // `candidate(left, right)` tells what two neighbours become; `merged(left, right, id)` hears of each
    // merge.
    template <class Lookup, class Observer>
    void run(const Lookup& candidate, const Observer& merged) {
        heap_.clear();
        for (std::uint32_t i = 1; i < symbols_.size(); ++i) consider(i - 1, i, candidate);
        while (!heap_.empty()) {
            std::pop_heap(heap_.begin(), heap_.end(), later);
            const Entry entry = heap_.back();
            heap_.pop_back();
            const auto at = static_cast<std::uint32_t>(entry.order);
            Symbol& left = symbols_[at];
            // Borders only vanish, so an equal sum of sizes means that neither side has changed since.
            if (left.size == 0 || left.next == no_symbol ||
                left.size + symbols_[left.next].size != entry.size) {
                continue;
            }
            Symbol& right = symbols_[left.next];
            merged(left, right, entry.id);
            left.size = entry.size;
            left.id = entry.id;
            left.next = right.next;
            right.size = 0;
            if (left.next != no_symbol) symbols_[left.next].previous = at;
            if (left.previous != no_symbol) consider(left.previous, at, candidate);
            if (left.next != no_symbol) consider(at, left.next, candidate);
        }
    }

    template <class Visitor>
    void each(const Visitor& visit) const {
        for (std::uint32_t at = symbols_.empty() ? no_symbol : 0; at != no_symbol; at = symbols_[at].next) {
            visit(symbols_[at]);
        }
    }

  private:
    struct Entry {
        std::uint64_t order = 0;  // rank, then the left symbol's index
        std::uint32_t size = 0;   // bytes of both symbols
        std::int32_t id = 0;
    };
    static bool later(const Entry& a, const Entry& b) { return a.order > b.order; }

    template <class Lookup>
    void consider(std::uint32_t left, std::uint32_t right, const Lookup& candidate) {
        const MergeCandidate found = candidate(symbols_[left], symbols_[right]);
        if (!found.found) return;
        heap_.push_back(
            {std::uint64_t{found.rank} << 32 | left, symbols_[left].size + symbols_[right].size, found.id});
        std::push_heap(heap_.begin(), heap_.end(), later);
    }

    std::vector<Symbol> symbols_;
    std::vector<Entry> heap_;
};

}  // namespace lamina::text
