// A loaded model as those see it who feed it: one at a time, by a lease.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>

#include "cache/prefix_cache.hpp"
#include "exec/step_builder.hpp"

namespace lamina::exec {

class Lease;

class Forward {
  public:
    virtual ~Forward() = default;
    Forward(const Forward&) = delete;
    Forward& operator=(const Forward&) = delete;

    const Limits& limits() const { return limits_; }
    std::uint32_t context() const { return sequences_.context(); }  // tokens that a sequence can hold

    Lease lease();  // waits until nobody else holds one

  protected:
    Forward(const Limits& limits, std::span<const backend::CacheGeometry> groups, std::uint32_t sequences,
            std::uint32_t context);

  private:
    friend class Lease;
    // Runs a step: logits [output rows, vocabulary], or with Step::hidden_only what they are made from,
    // [rows, hidden_size]; valid until the next step. Throws device_failed: nothing of
    // the model can be used then, which engines remember and this class does not.
    virtual std::span<const float> run(const backend::Step& step) = 0;

    const Limits limits_;
    std::mutex mutex_;  // of what follows, and of run() with its results
    cache::Sequences sequences_;
    cache::PrefixCache prefixes_;
    StepBuilder builder_;
};

// The turn on a model: while it lives, its holder alone uses the sequences, the steps and their results. Made
// and given back by one thread, which holds no other lock of the library when it asks for it.
class Lease {
  public:
    explicit Lease(Forward& forward) : forward_(forward), lock_(forward.mutex_) {}
    // A step that was built and not run is given up.
    ~Lease() { forward_.builder_.abandon(); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    cache::Sequences& sequences() const { return forward_.sequences_; }
    cache::PrefixCache& prefixes() const { return forward_.prefixes_; }

    void check(std::span<const Work> works, const Caller& caller) const {
        forward_.builder_.check(works, caller);
    }
    // An empty step to add work to.
    StepBuilder& begin_step() const {
        forward_.builder_.begin();
        return forward_.builder_;
    }
    // Runs the step. Logits [output rows, vocabulary], or the hidden rows [rows, hidden_size], in the order
    // of the work; valid until the next step, and not beyond the lease. Where it throws, no sequence has
    // changed.
    std::span<const float> logits() const { return run(false); }
    std::span<const float> hidden() const { return run(true); }

  private:
    std::span<const float> run(bool hidden_only) const;

    Forward& forward_;
    const std::unique_lock<std::mutex> lock_;
};

inline Lease Forward::lease() { return Lease(*this); }

}  // namespace lamina::exec
