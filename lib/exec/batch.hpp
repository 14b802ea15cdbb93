// What a step is asked to compute.
#pragma once

#include <cstdint>
#include <span>

#include "cache/sequences.hpp"

namespace lamina::exec {

// Tokens to append to a sequence; logits are wanted for tokens[first_wanted], ... to the end.
struct Item {
    cache::SequenceId sequence = 0;
    std::span<const std::int32_t> tokens;
    std::uint32_t first_wanted = 0;  // tokens.size(): none
    bool prefill = false;            // part of a portion that was given together: true of several tokens
};
using Batch = std::span<const Item>;

}  // namespace lamina::exec
