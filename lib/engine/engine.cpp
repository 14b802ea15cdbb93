#include "engine/engine.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "base/border.hpp"
#include "base/errors.hpp"

namespace lamina::engine {
namespace {

constexpr Errors errors{"request"};

bool has_code(const std::exception_ptr& failure, ErrorCode code) {
    try {
        std::rethrow_exception(failure);
    } catch (const Error& error) { return error.code() == code; } catch (...) {
        return false;
    }
}

}  // namespace

Engine::Engine(std::shared_ptr<exec::Forward> forward, std::uint32_t queue, std::uint32_t active)
    : forward_(std::move(forward)),
      vocabulary_(forward_->limits().vocabulary),
      context_(forward_->context()),
      queue_limit_(queue),
      active_limit_(active) {
    if (queue == 0) errors.refuse("queue", "at least 1", "0");
    // Of the step that is formed: a want of memory shows here, not while others are computed.
    const auto& limits = forward_->limits();
    active_.reserve(active_limit_);
    logits_.reserve(std::size_t{std::min({active_limit_, limits.max_rows, limits.max_outputs})} *
                    vocabulary_);
}

void Engine::check(const Request& request) const {
    const auto& prompt = request.prompt;
    if (prompt.empty()) errors.refuse("prompt", "at least one token", "none");
    const auto subject = [](std::size_t, std::string_view field) { return std::string(field); };
    exec::check_tokens(prompt, vocabulary_, {"request", subject}, 0);
    if (prompt.size() >= context_) {
        errors.fail(ErrorCode::context_full, "prompt",
                    "at most " + std::to_string(context_ - 1) + " tokens, in a context of " +
                        std::to_string(context_),
                    std::to_string(prompt.size()));
    }
    sample::validate(request.sampling, vocabulary_);
    if (request.logprobs > max_logprobs) {
        errors.refuse("logprobs", "0.." + std::to_string(max_logprobs), std::to_string(request.logprobs));
    }
    // A context that never fills up ends no answer.
    if (request.when_full == WhenFull::shift && request.max_tokens == 0) {
        errors.refuse("max_tokens", "at least 1 with when_full = shift", "0, which means no limit");
    }
    if (request.when_full == WhenFull::shift && request.keep > context_ - 2) {
        errors.refuse(
            "keep",
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
        errors.fail(ErrorCode::queue_full, "queue",
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
    if (run_step()) hand_out();
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
    const auto lease = forward_->lease();
    const auto hit = lease.prefixes().take(task->request_.prompt);
    try {
        task->begin(hit.tokens);
        active_.push_back({std::make_unique<Running>(task, hit, vocabulary_)});
    } catch (...) {
        lease.sequences().close(hit.sequence);
        throw;
    }
}

// One forward of all that is active. False where nothing was computed.
bool Engine::run_step() {
    std::exception_ptr failure;
    try {
        const auto lease = forward_->lease();
        auto& step = lease.begin_step();
        form(step);
        if (!step.empty()) {
            const auto logits = lease.logits();
            logits_.assign(logits.begin(), logits.end());
        }
    } catch (...) { failure = typed_failure("engine"); }
    end_step(failure);
    return !failure;
}

// Each active request in turn gets the rows that it can use of those left. Work that cannot be in the step,
// for want of cache pages say, is its own request's failure alone.
void Engine::form(exec::StepBuilder& step) {
    for (auto& active : active_) {
        active.part = {};
        try {
            active.part = step.add(active.running->work());
        } catch (...) { active.failure = typed_failure("engine"); }
    }
}

void Engine::end_step(const std::exception_ptr& failure) {
    if (failure && has_code(failure, ErrorCode::device_failed)) return die(failure);
    for (auto& active : active_) {
        if (const auto own = std::exchange(active.failure, nullptr)) {
            end(active, FinishReason::failed, own);
        } else if (failure && active.part.tokens > 0) {
            end(active, FinishReason::failed, failure);
        } else {
            active.running->advance(active.part.tokens);
        }
    }
}

void Engine::hand_out() {
    for (auto& active : active_) {
        if (!active.running || active.part.outputs == 0) continue;
        const auto first = std::size_t{active.part.first_output} * vocabulary_;
        try {
            take(active, std::span(logits_).subspan(first, vocabulary_));
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
    running.shift(forward_->lease().sequences());
}

// The pages are back, or parked for requests that begin alike, before the task counts as finished.
void Engine::end(Active& active, FinishReason reason, const std::exception_ptr& error) {
    const auto running = std::move(active.running);
    {
        const auto lease = forward_->lease();
        // What a fault has left behind is not kept.
        if (error || !park(*running, lease.prefixes())) lease.sequences().close(running->sequence());
    }
    running->task().finish(reason, error);
}

bool Engine::park(const Running& running, cache::PrefixCache& prefixes) try {
    const auto computed = running.computed();
    if (computed.empty()) return false;
    prefixes.park(running.sequence(), {computed.begin(), computed.end()});
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
