// A plan made real: weights resident, buffers allocated once; forward() runs steps over many sequences.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "backend/device.hpp"
#include "cache/sequences.hpp"
#include "exec/batch.hpp"
#include "format/model_file.hpp"
#include "plan/plan.hpp"

namespace lamina::exec {

class Executor {
  public:
    // Uploads weights and allocates what the plan says. Throws Error (io, out_of_memory, cancelled).
    Executor(const format::ModelFile& file, plan::Plan plan, const backend::DeviceOptions& options,
             const format::Progress& progress);

    const plan::Plan& plan() const { return plan_; }
    std::uint32_t max_rows() const { return plan_.program.max_rows; }
    std::uint32_t max_wanted() const { return plan_.program.max_wanted; }
    std::uint32_t vocabulary() const;
    cache::Sequences& sequences() { return sequences_; }
    const cache::Sequences& sequences() const { return sequences_; }

    // One step: all items together, prefill and decode rows mixed; each sequence at most once, with its own
    // positions. Returns logits [wanted rows, vocabulary] in the order of the items, valid until the next
    // forward. Throws invalid_argument (a token outside the vocabulary, more rows than max_rows or
    // max_wanted), context_full, out_of_memory (pages) before anything has changed; device_failed afterwards.
    std::span<const float> forward(Batch batch);
    // The same up to the last norm: what logits are made from, for all rows, [rows, embedding()].
    std::span<const float> forward_hidden(Batch batch);
    std::uint32_t embedding() const;

    std::vector<backend::ImplementationReport> report() const { return executable_->report(); }
    DeviceSpeed measure_device() { return device_->measure_speed(); }
    std::vector<backend::OpTime> take_profile() { return executable_->take_profile(); }

  private:
    void check(Batch batch) const;
    void form(Batch batch);
    std::span<const float> run(Batch batch, bool hidden_only);

    plan::Plan plan_;
    std::unique_ptr<backend::Device> device_;
    std::vector<std::shared_ptr<const backend::Weight>> weights_;
    std::vector<std::shared_ptr<backend::Buffer>> caches_;
    std::unique_ptr<backend::Executable> executable_;
    cache::Sequences sequences_;
    // The step being formed; kept between steps so that a steady decode allocates nothing.
    std::vector<std::int32_t> tokens_;
    std::vector<std::uint32_t> positions_, wanted_;
    std::vector<backend::SequenceRows> rows_;
};

}  // namespace lamina::exec
