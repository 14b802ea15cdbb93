// Pending work to a step: the one place that decides which rows a step has and where their results lie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "backend/op.hpp"
#include "cache/sequences.hpp"

namespace lamina::exec {

// What a model's steps can hold.
struct Limits {
    std::uint32_t vocabulary = 0;   // width of a logit row; token ids are below it
    std::uint32_t hidden_size = 0;  // width of a hidden row
    std::uint32_t max_rows = 0;     // tokens in a step
    std::uint32_t max_outputs = 0;  // logit rows in a step
};

// Which tokens' logits are results.
enum class Outputs : std::uint8_t { none, last, all };

// How a backend may compute a row (backend::SequenceRows::prefill).
enum class RowClass : std::uint8_t { decode, prefill };

// Tokens that were given together are prefill rows, in whatever steps they are computed; one alone decodes.
inline RowClass class_of(std::size_t tokens_given) {
    return tokens_given > 1 ? RowClass::prefill : RowClass::decode;
}

// Tokens that are to be appended to a sequence.
struct Work {
    SequenceId sequence = 0;
    std::span<const std::int32_t> tokens = {};
    Outputs outputs = Outputs::last;  // last: of all the tokens, once none is left behind it
    RowClass row_class = RowClass::decode;
};

// What of a Work is in a step: its first `tokens` tokens.
struct Part {
    std::uint32_t tokens = 0;        // 0: the step has no room for it
    std::uint32_t first_row = 0;     // of the step: of its hidden rows
    std::uint32_t outputs = 0;       // the last `outputs` of the tokens have logits,
    std::uint32_t first_output = 0;  // from this logit row on
};

// Whose work it is, in errors.
struct Caller {
    std::string_view area;  // "session"
    // What the caller calls a field ("sequence", "tokens") of its work number `index`: "items[2].tokens".
    std::string (*subject)(std::size_t index, std::string_view field);
};

// At least one token, each below `vocabulary`: throws invalid_argument.
void check_tokens(std::span<const std::int32_t> tokens, std::uint32_t vocabulary, const Caller& caller,
                  std::size_t index);

// Keeps its memory between steps: a steady decode allocates nothing.
class StepBuilder {
  public:
    StepBuilder(const Limits& limits, std::size_t cache_groups, std::uint32_t max_sequences,
                cache::Sequences& sequences);

    // Checks work before any of it is added, in O(tokens + works): sequences are open and named once each,
    // tokens are as check_tokens wants them and fit into the context. Throws invalid_argument or
    // context_full.
    void check(std::span<const Work> works, const Caller& caller);

    // Starts a step. What an earlier one has reserved and not computed goes back.
    void begin();
    // Puts as much of the work into the step as there is room for, and reserves its cache pages. The work has
    // been checked. Throws out_of_memory where pages run out: the step is then as it was.
    Part add(const Work& work);
    bool empty() const { return ids_.empty(); }
    // Valid until the next change.
    backend::Step step(bool hidden_only) const;
    // The step has run: its tokens are part of their sequences.
    void commit();
    // The step will not run: what it has reserved goes back.
    void abandon() noexcept;

  private:
    Part fit(const Work& work) const;

    const Limits limits_;
    cache::Sequences& sequences_;
    std::vector<std::int32_t> tokens_;                // [rows]
    std::vector<std::uint32_t> positions_, outputs_;  // [rows], [logit rows]
    std::vector<SequenceId> ids_;                     // of the sequences in the step
    std::vector<backend::SequenceRows> rows_;         // theirs; more where an earlier step had more
    // The number of the check that named a sequence last: naming one twice shows without a search.
    std::vector<std::uint64_t> named_;
    std::uint64_t check_ = 0;
};

}  // namespace lamina::exec
