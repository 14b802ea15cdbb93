/// @file
/// The level below requests: feed tokens, get logits. For scoring, measuring and own decoding loops.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "lamina/export.h"
#include "lamina/model.hpp"
#include "lamina/sequence.hpp"

namespace lamina {

/// Of which tokens a step gives logits.
enum class WantedLogits {
    none,  ///< of no token
    last,  ///< of the last token only
    all,   ///< of every token
};

/// Tokens to append to one sequence. A sequence occurs at most once in a forward().
struct SequenceTokens {
    SequenceId sequence = 0;                   ///< one that Session::open() gave
    std::span<const TokenId> tokens;           ///< at least one; ids 0..vocabulary-1
    WantedLogits logits = WantedLogits::last;  ///< which logits the sink gets
};

/// Sequences in a model's cache. Several sessions and an engine may share a model: they share its sequences
/// and pages, and their steps take turns. A session itself is used from one thread at a time.
class LAMINA_API Session {
  public:
    /// A session without sequences.
    explicit Session(const Model& model);
    ~Session();                              ///< closes its sequences
    Session(Session&&) noexcept;             ///< leaves nothing but destruction and assignment to the other
    Session& operator=(Session&&) noexcept;  ///< closes its own sequences first

    /// An empty sequence. Throws out_of_memory where all are in use.
    SequenceId open();
    /// Forgets a sequence and gives its id back.
    void close(SequenceId sequence);
    /// Tokens of the sequence in the cache.
    std::uint32_t length(SequenceId sequence) const;
    /// Forgets all but the first `length` tokens. Throws invalid_argument where a sliding window has already
    /// let go of tokens that would be needed again; length 0 always works.
    void truncate(SequenceId sequence, std::uint32_t length);

    /// Called for every wanted row, in the order of the items and their tokens: `item` indexes the items,
    /// `token` the item's tokens; `logits` [vocabulary] is valid during the call.
    using LogitsSink =
        std::function<void(std::size_t item, std::size_t token, std::span<const float> logits)>;

    /// Appends the items' tokens to their sequences, all rows together in as few steps as batch_tokens
    /// allows. Throws invalid_argument (unknown sequence, token outside the vocabulary), context_full,
    /// device_failed. Nothing has been appended when it throws for a reason that could be checked beforehand.
    void forward(std::span<const SequenceTokens> items, const LogitsSink& sink);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace lamina
