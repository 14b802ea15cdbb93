// What each sequence remembers: page tables over the pages of every cache group.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "backend/cache_layout.hpp"
#include "lamina/sequence.hpp"

namespace lamina::cache {

// Pages of one group, handed out and taken back.
class PagePool {
  public:
    explicit PagePool(std::uint32_t pages);
    std::int32_t take();  // no_page where none is left
    void give(std::int32_t page);
    std::uint32_t free() const { return static_cast<std::uint32_t>(free_.size()); }

  private:
    std::vector<std::int32_t> free_;
};

// All sequences over all groups. Ids are small numbers, used again after close().
class Sequences {
  public:
    Sequences(std::span<const backend::CacheGeometry> groups, std::uint32_t sequences, std::uint32_t context);

    std::optional<SequenceId> try_open();  // nothing where all are in use
    SequenceId open();                     // throws out_of_memory where all are in use
    void close(SequenceId sequence);
    bool is_open(SequenceId sequence) const { return sequence < entries_.size() && entries_[sequence].open; }
    std::uint32_t length(SequenceId sequence) const { return entries_[sequence].length; }
    std::uint32_t context() const { return context_; }

    // Whether the first `length` tokens can be gone back to: no window has let go of what they would need.
    bool can_truncate(SequenceId sequence, std::uint32_t length) const;
    void truncate(SequenceId sequence, std::uint32_t length);  // can_truncate has said yes

    // Makes room for `tokens` more tokens in every group: all of it or, throwing out_of_memory, nothing.
    void reserve(SequenceId sequence, std::uint32_t tokens);
    // The step has run: the tokens are part of the sequence; pages that no window reaches any more go back.
    void commit(SequenceId sequence, std::uint32_t tokens);

    std::span<const std::int32_t> pages(SequenceId sequence, std::size_t group) const {
        return entries_[sequence].tables[group];
    }
    std::uint32_t free_pages(std::size_t group) const { return pools_[group].free(); }

  private:
    struct Entry {
        bool open = false;
        std::uint32_t length = 0;
        std::vector<std::vector<std::int32_t>> tables;  // a group: page of positions [i * page_tokens, ...)
        std::vector<std::uint32_t> released;            // a group: pages [0, released) have gone back
    };
    void give_back(Entry& entry, std::size_t group, std::size_t first, std::size_t last);

    std::vector<backend::CacheGeometry> groups_;
    std::vector<PagePool> pools_;
    std::vector<Entry> entries_;
    std::uint32_t context_;
};

}  // namespace lamina::cache
