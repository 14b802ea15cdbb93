// A request that is being computed: its sequence, its tokens, its sampler.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "cache/prefix_cache.hpp"
#include "engine/task.hpp"
#include "exec/step_builder.hpp"
#include "sample/logprobs.hpp"
#include "sample/sampler.hpp"

namespace lamina::engine {

class Running {
  public:
    Running(std::shared_ptr<Task> task, cache::PrefixHit start, std::uint32_t vocabulary);

    Task& task() const { return *task_; }
    SequenceId sequence() const { return sequence_; }
    std::span<const TokenId> computed() const { return std::span(live_).first(computed_); }  // in the cache
    std::span<const TokenId> waiting() const { return std::span(live_).subspan(computed_); }

    // The waiting tokens, with the logits of the last one.
    exec::Work work() const { return {sequence_, waiting(), exec::Outputs::last, row_class_}; }
    void advance(std::uint32_t tokens) { computed_ += tokens; }

    // Chooses the next token from the logits of the last and hands it on. Not running: the answer is at its
    // end.
    FinishReason take(std::span<float> logits);
    bool full(std::uint32_t context) const { return live_.size() >= context; }
    // Forgets the older half of what follows the tokens to keep. Under a lease.
    void shift(cache::Sequences& sequences);

  private:
    TokenId choose(std::span<float> logits);
    void report(std::span<const float> logits, TokenId token);

    std::shared_ptr<Task> task_;
    SequenceId sequence_;
    std::vector<TokenId> live_;  // what the sequence stands for: computed, then waiting
    std::size_t computed_;
    exec::RowClass row_class_;      // of the waiting tokens, however many of them are left
    std::vector<TokenId> history_;  // the prompt and the answer, forgotten or not
    std::uint32_t generated_ = 0;
    sample::Sampler sampler_;
    sample::LogProbabilities log_probabilities_;
    std::vector<TokenLogprob> logprobs_;
    std::vector<float> raw_;  // logits before on_logits, where log-probabilities of them are wanted
};

}  // namespace lamina::engine
