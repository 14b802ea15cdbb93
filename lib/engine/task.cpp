#include "engine/task.hpp"

#include <utility>

#include "base/border.hpp"

namespace lamina::engine {
namespace {

double seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

Task::Task(Request request) : request_(std::move(request)), submitted_(Clock::now()) {
    statistics_.prompt_tokens = static_cast<std::uint32_t>(request_.prompt.size());
}

FinishReason Task::reason() const {
    const std::lock_guard lock(mutex_);
    return reason_;
}

std::exception_ptr Task::error() const {
    const std::lock_guard lock(mutex_);
    return error_;
}

std::vector<TokenId> Task::tokens() const {
    const std::lock_guard lock(mutex_);
    return tokens_;
}

Statistics Task::statistics() const {
    const std::lock_guard lock(mutex_);
    return statistics_;
}

void Task::begin(std::uint32_t cached_tokens) {
    const std::lock_guard lock(mutex_);
    began_ = Clock::now();
    statistics_.queue_seconds = seconds(began_ - submitted_);
    statistics_.cached_tokens = cached_tokens;
}

void Task::add(TokenId token) {
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    if (tokens_.empty()) {
        first_token_ = now;
        statistics_.prefill_seconds = seconds(now - began_);
    }
    tokens_.push_back(token);
    statistics_.generated_tokens = static_cast<std::uint32_t>(tokens_.size());
    statistics_.decode_seconds = seconds(now - first_token_);
}

void Task::finish(FinishReason reason, std::exception_ptr error) {
    try {
        if (request_.on_finish) request_.on_finish(reason);
    } catch (...) {
        if (reason != FinishReason::failed) error = typed_failure("engine");
        reason = FinishReason::failed;
    }
    // What the callbacks hold goes before anyone is told, and outside the lock: its destructors are the
    // caller's.
    request_ = Request{};
    const std::lock_guard lock(mutex_);
    reason_ = reason;
    error_ = std::move(error);
}

}  // namespace lamina::engine
