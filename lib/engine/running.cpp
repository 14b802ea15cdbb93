#include "engine/running.hpp"

#include <algorithm>
#include <utility>

namespace lamina::engine {

Running::Running(std::shared_ptr<Task> task, cache::PrefixHit start, std::uint32_t vocabulary)
    : task_(std::move(task)),
      sequence_(start.sequence),
      live_(task_->request_.prompt),
      computed_(start.tokens),
      row_class_(exec::class_of(waiting().size())),
      history_(std::move(task_->request_.prompt)),
      sampler_(std::move(task_->request_.sampling), vocabulary) {}

FinishReason Running::take(std::span<float> logits) {
    const Request& request = task_->request_;
    const TokenId token = choose(logits);
    const auto& ends = request.end_tokens;
    if (!request.ignore_end && std::find(ends.begin(), ends.end(), token) != ends.end())
        return FinishReason::end_token;
    live_.push_back(token);
    row_class_ = exec::RowClass::decode;
    history_.push_back(token);
    ++generated_;
    task_->add(token);
    if (const auto reason = request.sink ? request.sink(token, logprobs_) : FinishReason::running;
        reason != FinishReason::running) {
        return reason;
    }
    return generated_ == request.max_tokens ? FinishReason::max_tokens : FinishReason::running;
}

TokenId Running::choose(std::span<float> logits) {
    const Request& request = task_->request_;
    const bool wants_logprobs = request.report_chosen_logprob || request.logprobs > 0;
    if (!request.on_logits) {
        const TokenId token = sampler_.next(logits, history_);
        if (wants_logprobs) report(logits, token);
        return token;
    }
    if (wants_logprobs) raw_.assign(logits.begin(), logits.end());
    request.on_logits(logits, history_);
    const TokenId token = sampler_.next(logits, history_);
    if (wants_logprobs) report(raw_, token);
    return token;
}

void Running::report(std::span<const float> logits, TokenId token) {
    log_probabilities_.compute(logits, token, task_->request_.logprobs, logprobs_);
}

void Running::shift(cache::Sequences& sequences) {
    const std::size_t keep = std::min<std::size_t>(task_->request_.keep, live_.size() - 2);
    const std::size_t forgotten = (live_.size() - keep + 1) / 2;
    const auto from = live_.begin() + static_cast<std::ptrdiff_t>(keep);
    live_.erase(from, from + static_cast<std::ptrdiff_t>(forgotten));
    const auto kept = static_cast<std::uint32_t>(std::min(keep, computed_));
    computed_ = sequences.can_truncate(sequence_, kept) ? kept : 0;
    sequences.truncate(sequence_, static_cast<std::uint32_t>(computed_));
    row_class_ = exec::class_of(waiting().size());
}

}  // namespace lamina::engine
