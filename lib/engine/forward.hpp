// What the engine needs of a loaded model.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>

#include "cache/prefix_cache.hpp"
#include "exec/batch.hpp"

namespace lamina::engine {

class Forward {
  public:
    virtual ~Forward() = default;

    virtual std::uint32_t vocabulary() const = 0;
    virtual std::uint32_t context() const = 0;     // tokens that a sequence can hold
    virtual std::uint32_t max_rows() const = 0;    // of a step
    virtual std::uint32_t max_wanted() const = 0;  // logit rows of a step

    // Held around everything below, and until the logits have been read: others may use the model too.
    virtual std::mutex& mutex() = 0;
    virtual cache::Sequences& sequences() = 0;
    virtual cache::PrefixCache& prefixes() = 0;
    // As exec::Executor::forward: logits [wanted rows, vocabulary]. After device_failed the model is dead.
    virtual std::span<const float> forward(exec::Batch batch) = 0;
};

}  // namespace lamina::engine
