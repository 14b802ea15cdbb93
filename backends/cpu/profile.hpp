// Times of a program's stages, by op.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "backend/device.hpp"
#include "cpu/ops/stage.hpp"

namespace lamina::cpu {

class Profile {
  public:
    // The stages that have no name yet are the op's; those of one name are counted together. `weight_bytes`:
    // what the op's own stage reads of matrices in a run.
    void name(const Stages& stages, const std::string& op, std::uint64_t weight_bytes);

    // A stage takes the time until the next one begins: with the waiting for other threads, where there is
    // any.
    void begin_stage(std::size_t stage) {
        const auto now = Clock::now();
        end(now);
        running_ = &stages_[stage];
        begun_ = now;
    }
    void end_step() {
        end(Clock::now());
        running_ = nullptr;
    }

    // What was taken since the last call, without stages that did not run.
    std::vector<OpTime> take();

  private:
    using Clock = std::chrono::steady_clock;
    struct Entry {
        std::string op;
        std::uint64_t runs = 0, weight_bytes = 0;
        Clock::duration time = {};
    };
    struct Named {
        std::size_t entry;
        std::uint64_t weight_bytes;
    };
    void end(Clock::time_point now);

    std::vector<Entry> entries_;
    std::vector<Named> stages_;
    const Named* running_ = nullptr;
    Clock::time_point begun_;
};

// "linear attn_q + attn_k + attn_v", "norm attn_norm", "attention": the op with its weights, less
// the number of the layer.
std::string profile_name(const backend::Program& program, const backend::Op& op);
std::string profile_name(const backend::Program& program, const std::vector<backend::Linear>& linears);
// Of the matrices that Linears read whole; 0 for experts, of which a step reads those that were chosen.
std::uint64_t bytes_read(const backend::Program& program, const std::vector<backend::Linear>& linears);

}  // namespace lamina::cpu
