// Requests, who goes next, and the step loop. Knows tokens, no text; a model through exec::Forward, no
// devices.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "engine/running.hpp"
#include "engine/task.hpp"
#include "exec/forward.hpp"

namespace lamina::engine {

// Every method may be called from any thread. There is no thread of its own: whoever waits runs steps while
// nobody else does. A step computes all active requests in one forward; `active` limits how many those are:
// one in the public Engine.
class Engine {
  public:
    Engine(std::shared_ptr<exec::Forward> forward, std::uint32_t queue, std::uint32_t active = 1);
    ~Engine() { shutdown(); }
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Checks and queues. Throws invalid_argument (which field and why), context_full, queue_full; what killed
    // the engine, once it is dead; cancelled after shutdown().
    std::shared_ptr<Task> submit(Request request);

    // One step; false when there is nothing to do. Waits for a step that another thread runs.
    bool step();
    // Runs or waits for steps until ready(), which is called under the engine's lock and must become true at
    // the latest when the tasks it looks at have finished.
    void wait(const std::function<bool()>& ready);
    // A waiting request ends here and now; an active one here where no step runs, else with the step that
    // runs.
    void cancel(Task& task);
    // Ends all requests as cancelled and lets go of the model. Waits for a running step, except from inside
    // it: then all ends with that step.
    void shutdown();

  private:
    using Lock = std::unique_lock<std::mutex>;
    void check(const Request& request) const;
    bool inside_step() const { return stepping_ && stepper_ == std::this_thread::get_id(); }
    void await_turn(Lock& lock);
    template <class Work>
    void as_stepper(Lock& lock, Work&& work);

    struct Active {
        std::unique_ptr<Running> running;  // empty once it has ended
        exec::Part part = {};              // of its work, in this step
        std::exception_ptr failure = {};   // why its work could not be in this step
    };
    // Of the stepping thread, without the lock.
    bool compute();
    void admit();
    void start(const std::shared_ptr<Task>& task);
    bool run_step();
    void form(exec::StepBuilder& step);
    void end_step(const std::exception_ptr& failure);
    void hand_out();
    void take(Active& active, std::span<float> logits);
    void end(Active& active, FinishReason reason, const std::exception_ptr& error = nullptr);
    static bool park(const Running& running, cache::PrefixCache& prefixes);
    void end_cancelled();
    void end_active(FinishReason reason, const std::exception_ptr& error);
    void end_waiting(FinishReason reason, const std::exception_ptr& error);
    void sweep();
    void die(const std::exception_ptr& failure);

    std::shared_ptr<exec::Forward> forward_;
    const std::uint32_t vocabulary_, context_, queue_limit_, active_limit_;

    std::mutex mutex_;  // of what follows
    std::condition_variable changed_;
    std::deque<std::shared_ptr<Task>> queue_;
    bool stepping_ = false;
    std::thread::id stepper_;
    bool closed_ = false;
    std::exception_ptr failure_;  // the device's: nothing runs any more

    // Of the stepping thread.
    std::vector<Active> active_;
    std::vector<float> logits_;  // [output rows, vocabulary] of the step
};

}  // namespace lamina::engine
