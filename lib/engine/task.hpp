// A request in token terms, and what has become of it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "lamina/engine.hpp"

namespace lamina::engine {

using Clock = std::chrono::steady_clock;

inline constexpr std::uint32_t max_logprobs = 256;

struct Request {
    std::vector<TokenId> prompt;
    std::uint32_t max_tokens = 0;  // of the answer; 0 = no limit of its own
    SamplingParams sampling;
    std::uint32_t logprobs = 0;          // likeliest tokens to report at each step
    bool report_chosen_logprob = false;  // implied by logprobs > 0
    std::vector<TokenId> end_tokens;     // end the answer and are not part of it
    bool ignore_end = false;
    WhenFull when_full = WhenFull::stop;
    std::uint32_t keep = 0;  // tokens at the start that a shift never forgets
    std::function<void(std::span<float> logits, std::span<const TokenId> history)> on_logits;
    // Takes each token of the answer with its log-probabilities (the chosen first); returns
    // FinishReason::running to go on, another reason to end. What it throws fails the request.
    std::function<FinishReason(TokenId token, std::span<const TokenLogprob> logprobs)> sink;
    // Called once, after the last sink and before the task counts as finished.
    std::function<void(FinishReason reason)> on_finish;
};

// Shared by the engine and whoever submitted the request. Every method may be called from any thread.
class Task {
  public:
    explicit Task(Request request);

    bool finished() const { return reason() != FinishReason::running; }
    FinishReason reason() const;
    std::exception_ptr error() const;     // set where the reason is failed
    std::vector<TokenId> tokens() const;  // of the answer so far
    Statistics statistics() const;
    bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  private:
    friend class Engine;
    friend class Running;
    void begin(std::uint32_t cached_tokens);
    void add(TokenId token);
    void finish(FinishReason reason, std::exception_ptr error = nullptr);

    Request request_;  // of the thread that steps; emptied at the end
    std::atomic<bool> cancelled_{false};

    mutable std::mutex mutex_;  // of what follows
    FinishReason reason_ = FinishReason::running;
    std::exception_ptr error_;
    std::vector<TokenId> tokens_;
    Statistics statistics_;
    Clock::time_point submitted_, began_, first_token_;
};

}  // namespace lamina::engine
