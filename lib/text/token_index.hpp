// Token text -> id.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/vocabulary.hpp"

namespace lamina::text {

// Open addressing over ids: the texts stay in the vocabulary, which must outlive the index.
class TokenIndex {
  public:
    explicit TokenIndex(const std::vector<Token>& tokens);

    // Adds tokens[id] unless its text is there already.
    void insert(std::int32_t id);
    // The id of the token with that text; no_token where there is none.
    std::int32_t find(std::string_view text) const;

  private:
    struct Slot {
        std::uint32_t check = 0;  // the hash's upper half: spares most looks at the text
        std::int32_t id = no_token;
    };
    std::size_t slot(std::string_view text, std::uint64_t hash) const;

    const std::vector<Token>* tokens_;
    std::vector<Slot> slots_;  // a power of two, at most half full
    std::uint64_t seed_;
};

// (left id, right id) -> the rank of their merge and the id it gives.
class MergeTable {
  public:
    struct Merge {
        std::uint32_t rank = 0;
        std::int32_t id = no_token;  // no_token: there is no such merge
    };
    explicit MergeTable(std::size_t count);

    // Adds a merge unless the pair has one already (a better one: they come in order).
    void insert(std::int32_t left, std::int32_t right, Merge merge);
    Merge find(std::int32_t left, std::int32_t right) const;

  private:
    struct Slot {
        std::uint64_t pair = 0;
        Merge merge;
    };
    std::size_t slot(std::uint64_t pair) const;

    std::vector<Slot> slots_;
    std::uint64_t seed_;
};

}  // namespace lamina::text
