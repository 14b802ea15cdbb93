#include "engine/engine.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "base/border.hpp"
#include "lamina/error.hpp"

namespace lamina::engine {
namespace {

[[noreturn]] void refuse(ErrorCode code, std::string field, std::string expected, std::string found) {
    throw Error(code, ErrorDetails{.area = "request",
                                   .subject = std::move(field),
                                   .expected = std::move(expected),
                                   .found = std::move(found)});
}

bool has_code(const std::exception_ptr& failure, ErrorCode code) {
    try {
        std::rethrow_exception(failure);
    } catch (const Error& error) { return error.code() == code; } catch (...) {
        return false;
    }
}

}  // namespace

Engine::Engine(std::unique_ptr<Forward> forward, std::uint32_t queue, std::uint32_t active)
    : forward_(std::move(forward)),
      vocabulary_(forward_->vocabulary()),
      context_(forward_->context()),
      queue_limit_(queue),
      active_limit_(active) {
    if (queue == 0) refuse(ErrorCode::invalid_argument, "queue", "at least 1", "0");
    // Of the step that is formed: a want of memory shows here, not while others are computed.
    const std::size_t most = std::min(active_limit_, forward_->max_rows());
    active_.reserve(active_limit_);
    items_.reserve(most);
    computing_.reserve(most);
    logits_.reserve(std::min<std::size_t>(most, forward_->max_wanted()) * vocabulary_);
}

void Engine::check(const Request& request) const {
    const auto bad = ErrorCode::invalid_argument;
    const auto& prompt = request.prompt;
    if (prompt.empty()) refuse(bad, "prompt", "at least one token", "none");
    for (std::size_t i = 0; i < prompt.size(); ++i) {
        if (prompt[i] >= 0 && static_cast<std::uint32_t>(prompt[i]) < vocabulary_) continue;
        refuse(bad, "tokens", "ids 0.." + std::to_string(std::int64_t{vocabulary_} - 1),
               std::to_string(prompt[i]) + " at " + std::to_string(i));
    }
    if (prompt.size() >= context_) {
        refuse(ErrorCode::context_full, "prompt",
               "at most " + std::to_string(context_ - 1) + " tokens, in a context of " +
                   std::to_string(context_),
               std::to_string(prompt.size()));
    }
    sample::validate(request.sampling, vocabulary_);
    if (request.logprobs > max_logprobs) {
        refuse(bad, "logprobs", "0.." + std::to_string(max_logprobs), std::to_string(request.logprobs));
    }
    // A context that never fills up ends no answer.
    if (request.when_full == WhenFull::shift && request.max_tokens == 0) {
        refuse(bad, "max_tokens", "at least 1 with when_full = shift", "0, which means no limit");
    }
    if (request.when_full == WhenFull::shift && request.keep > context_ - 2) {
        refuse(bad, "keep",
               "at most " + std::to_string(context_ - 2) + ", in a context of " + std::to_string(context_),
               std::to_string(request.keep));
    }
}

std::shared_ptr<Task> Engine::submit(Request request) {
    check(request);
    auto task = std::make_shared<Task>(std::move(request));
    const Lock lock(mutex_);
    if (closed_) throw Error(ErrorCode::cancelled, "request", "the engine is being destroyed");
    if (failure_) std::rethrow_exception(failure_);
    if (queue_.size() >= queue_limit_) {
        refuse(ErrorCode::queue_full, "queue",
               "at most " + std::to_string(queue_limit_) + " waiting requests", "one more");
    }
    queue_.push_back(task);
    changed_.notify_all();
    return task;
}

void Engine::await_turn(Lock& lock) {
    if (inside_step()) {
        throw Error(ErrorCode::invalid_argument, "engine",
                    "waiting inside a callback of a step would never end");
    }
    changed_.wait(lock, [&] { return !stepping_; });
}

// Runs work() without the lock, as the only thread that may touch what belongs to the stepping thread.
template <class Work>
void Engine::as_stepper(Lock& lock, Work&& work) {
    stepping_ = true;
    stepper_ = std::this_thread::get_id();
    lock.unlock();
    try {
        work();
    } catch (...) { end_active(FinishReason::failed, typed_failure("engine")); }
    lock.lock();
    if (closed_ && forward_) {
        lock.unlock();
        end_active(FinishReason::cancelled, nullptr);
        end_waiting(FinishReason::cancelled, nullptr);
        forward_.reset();
        lock.lock();
    }
    stepping_ = false;
    changed_.notify_all();
}

bool Engine::step() {
    Lock lock(mutex_);
    await_turn(lock);
    if (!forward_) return false;
    bool computed = false;
    as_stepper(lock, [&] { computed = compute(); });
    return computed;
}

void Engine::wait(const std::function<bool()>& ready) {
    Lock lock(mutex_);
    while (!ready()) {
        await_turn(lock);
        if (ready()) return;
        bool computed = false;
        if (forward_) as_stepper(lock, [&] { computed = compute(); });
        // Nothing to compute: another thread is about to end what is waited for.
        if (!computed && !ready()) changed_.wait(lock);
    }
}

void Engine::cancel(Task& task) {
    task.cancelled_.store(true, std::memory_order_relaxed);
    Lock lock(mutex_);
    const auto same = [&](const auto& other) { return other.get() == &task; };
    if (const auto at = std::find_if(queue_.begin(), queue_.end(), same); at != queue_.end()) {
        const auto kept = *at;
        queue_.erase(at);
        lock.unlock();
        kept->finish(FinishReason::cancelled);
        lock.lock();
        changed_.notify_all();
    } else if (!stepping_ && forward_) {
        as_stepper(lock, [&] { end_cancelled(); });
    }
}

void Engine::shutdown() {
    Lock lock(mutex_);
    closed_ = true;
    if (inside_step()) return;
    changed_.wait(lock, [&] { return !stepping_; });
    if (forward_) as_stepper(lock, [] {});
}

// One step of everything: who is computed, the forward, a token for each that has all its logits.
bool Engine::compute() {
    end_cancelled();
    admit();
    if (active_.empty()) return false;
    schedule();
    if (run_batch()) hand_out();
    sweep();
    return true;
}

// First come, first served, while there is room among the active.
void Engine::admit() {
    while (active_.size() < active_limit_) {
        std::shared_ptr<Task> task;
        {
            const Lock lock(mutex_);
            if (queue_.empty() || closed_) return;
            task = std::move(queue_.front());
            queue_.pop_front();
        }
        try {
            start(task);
        } catch (...) { task->finish(FinishReason::failed, typed_failure("engine")); }
    }
}

void Engine::start(const std::shared_ptr<Task>& task) {
    const std::lock_guard model(forward_->mutex());
    const auto hit = forward_->prefixes().take(task->request_.prompt);
    try {
        task->begin(hit.tokens);
        active_.push_back({std::make_unique<Running>(task, hit, vocabulary_)});
    } catch (...) {
        forward_->sequences().close(hit.sequence);
        throw;
    }
}

// Forms the batch: each active request in turn gets the rows it can use of those left.
void Engine::schedule() {
    std::uint32_t rows = forward_->max_rows(), wanted = 0;
    items_.clear();
    computing_.clear();
    for (std::size_t i = 0; i < active_.size(); ++i) {
        auto& active = active_[i];
        active.wanted = false;
        const auto item = active.running->chunk(rows, wanted < forward_->max_wanted());
        if (item.tokens.empty()) continue;
        rows -= static_cast<std::uint32_t>(item.tokens.size());
        active.wanted = item.first_wanted < item.tokens.size();
        if (active.wanted) active.row = wanted++;
        items_.push_back(item);
        computing_.push_back(i);
    }
}

bool Engine::run_batch() try {
    {
        const std::lock_guard model(forward_->mutex());
        const auto logits = forward_->forward(items_);
        logits_.assign(logits.begin(), logits.end());
    }
    for (std::size_t i = 0; i < items_.size(); ++i) active_[computing_[i]].running->advance(items_[i]);
    return true;
} catch (...) {
    const auto failure = typed_failure("engine");
    if (has_code(failure, ErrorCode::device_failed)) {
        die(failure);
    } else {
        for (const std::size_t i : computing_) end(active_[i], FinishReason::failed, failure);
    }
    return false;
}

void Engine::hand_out() {
    for (auto& active : active_) {
        if (!active.wanted) continue;
        try {
            take(active, std::span(logits_).subspan(active.row * vocabulary_, vocabulary_));
        } catch (...) { end(active, FinishReason::failed, typed_failure("engine")); }
    }
}

void Engine::take(Active& active, std::span<float> logits) {
    auto& running = *active.running;
    if (running.task().cancelled()) return end(active, FinishReason::cancelled);
    const auto reason = running.take(logits);
    if (reason != FinishReason::running) return end(active, reason);
    if (!running.full(context_)) return;
    if (running.task().request_.when_full == WhenFull::stop) return end(active, FinishReason::context_full);
    const std::lock_guard model(forward_->mutex());
    running.shift(forward_->sequences());
}

// The pages are back, or parked for requests that begin alike, before the task counts as finished.
void Engine::end(Active& active, FinishReason reason, const std::exception_ptr& error) {
    const auto running = std::move(active.running);
    {
        const std::lock_guard model(forward_->mutex());
        // What a fault has left behind is not kept.
        if (error || !park(*running)) forward_->sequences().close(running->sequence());
    }
    running->task().finish(reason, error);
}

bool Engine::park(const Running& running) try {
    const auto computed = running.computed();
    if (computed.empty()) return false;
    forward_->prefixes().park(running.sequence(), {computed.begin(), computed.end()});
    return true;
} catch (const std::bad_alloc&) { return false; }

void Engine::end_cancelled() {
    for (auto& active : active_) {
        if (active.running->task().cancelled()) end(active, FinishReason::cancelled);
    }
    sweep();
}

void Engine::end_active(FinishReason reason, const std::exception_ptr& error) {
    for (auto& active : active_) {
        if (active.running) end(active, reason, error);
    }
    active_.clear();
}

// One by one: this runs where there may be no memory for a second queue.
void Engine::end_waiting(FinishReason reason, const std::exception_ptr& error) {
    for (;;) {
        std::shared_ptr<Task> task;
        {
            const Lock lock(mutex_);
            if (queue_.empty()) return;
            task = std::move(queue_.front());
            queue_.pop_front();
        }
        task->finish(reason, error);
    }
}

void Engine::sweep() {
    std::erase_if(active_, [](const Active& active) { return !active.running; });
}

void Engine::die(const std::exception_ptr& failure) {
    {
        const Lock lock(mutex_);
        failure_ = failure;
    }
    end_active(FinishReason::failed, failure);
    end_waiting(FinishReason::failed, failure);
}

}  // namespace lamina::engine
