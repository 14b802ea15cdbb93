// Idle sequences kept for prefix reuse; the least recently used is evicted first.
#pragma once

#include <cstdint>
#include <list>
#include <span>
#include <vector>

#include "cache/sequences.hpp"

namespace lamina::cache {

// Where a request begins: a sequence that already holds the first `tokens` tokens of it.
struct PrefixHit {
    SequenceId sequence = 0;
    std::uint32_t tokens = 0;
};

// Belongs to one Sequences and is used under the same lease. A hit compares the tokens themselves, no hashes.
class PrefixCache {
  public:
    explicit PrefixCache(Sequences& sequences) : sequences_(sequences) {}

    // Takes over an open sequence, of which `tokens` are remembered.
    void park(SequenceId sequence, std::vector<std::int32_t> tokens);

    // An open sequence for `prompt`, cut to the longest prefix it shares with a parked one, at most
    // prompt.size() - 1 tokens. A parked sequence of which less than half would be used is left alone while
    // another is free. Throws out_of_memory where all sequences are in use.
    PrefixHit take(std::span<const std::int32_t> prompt);

    // An empty sequence, in the place of the one parked longest where none is free. Throws out_of_memory.
    SequenceId open();

    void clear();  // closes all that are parked
    std::size_t size() const { return parked_.size(); }

  private:
    struct Parked {
        SequenceId sequence = 0;
        std::vector<std::int32_t> tokens;
    };
    using Position = std::list<Parked>::iterator;
    std::uint32_t usable(const Parked& parked, std::span<const std::int32_t> prompt) const;
    PrefixHit use(Position parked, std::uint32_t tokens);

    Sequences& sequences_;
    std::list<Parked> parked_;  // the one parked longest first
};

}  // namespace lamina::cache
