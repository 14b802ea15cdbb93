#include "cpu/executable.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <variant>

#include "cpu/layout.hpp"
#include "cpu/ops/ops.hpp"
#include "cpu/profile.hpp"
#include "cpu/weight.hpp"
#include "lamina/error.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

[[noreturn]] void refuse(std::string subject, std::string expected, std::string found) {
    throw Error(ErrorCode::invalid_argument, ErrorDetails{.area = "cpu",
                                                          .subject = std::move(subject),
                                                          .expected = std::move(expected),
                                                          .found = std::move(found)});
}

class CpuExecutable final : public Executable {
  public:
    CpuExecutable(const Program& program, std::vector<std::shared_ptr<const Weight>> weights,
                  std::vector<std::shared_ptr<Buffer>> caches, Allocation memory,
                  const DeviceOptions& options, Isa isa, Team& team)
        : program_(program),
          options_(options),
          team_(team),
          weights_(std::move(weights)),
          caches_(std::move(caches)),
          workspace_(std::move(memory)) {
        bind_weights();
        divide_workspace(isa);
        bind_caches();
        build(isa);
    }

    void run(const Step& step) override {
        rows_[static_cast<std::size_t>(Rows::all)] = step.rows(Rows::all);
        rows_[static_cast<std::size_t>(Rows::wanted)] = step.rows(Rows::wanted);
        team_.parallel([&](Worker worker) { run_stages(step, worker); });
    }

    std::span<const float> result(Slot slot) const override { return content(slot); }
    std::vector<float> read(Slot slot) const override {
        if (slot >= program_.slots.size()) {
            refuse("slot", "below " + std::to_string(program_.slots.size()), std::to_string(slot));
        }
        const auto values = content(slot);
        return {values.begin(), values.end()};
    }
    std::vector<ImplementationReport> report() const override { return report_; }
    std::vector<OpTime> take_profile() override { return profile_.take(); }

  private:
    void bind_weights() {
        if (weights_.size() != program_.weights.size()) {
            refuse("weights", std::to_string(program_.weights.size()), std::to_string(weights_.size()));
        }
        for (std::size_t i = 0; i < weights_.size(); ++i) {
            const auto* weight = dynamic_cast<const CpuWeight*>(weights_[i].get());
            const WeightInfo& wanted = program_.weights[i];
            if (weight == nullptr) refuse(wanted.name, "a weight of this device", "another's");
            const WeightInfo& got = weight->info();
            if (got.type != wanted.type || got.layout.id != wanted.layout.id || got.rows != wanted.rows ||
                got.matrices != wanted.matrices || got.columns != wanted.columns) {
                refuse(wanted.name, "the type, layout and shape that the program states",
                       "those of '" + got.name + "'");
            }
            weight_data_.push_back(weight->data());
        }
    }

    void divide_workspace(Isa isa) {
        const Workspace layout = workspace(program_, isa, team_.threads());
        const auto floats = [this](std::uint64_t offset) {
            return reinterpret_cast<float*>(workspace_.data() + offset);
        };
        for (const auto offset : layout.slots) memory_.slots.push_back(floats(offset));
        for (const auto offset : layout.ropes) memory_.ropes.push_back(floats(offset));
        for (std::size_t i = 0; i < layout.routings.size(); ++i) {
            memory_.routings.push_back(
                lay_out(program_.routings[i], program_.max_rows, workspace_.data() + layout.routings[i]));
        }
        memory_.scratch = workspace_.data() + layout.scratch;
        memory_.scratch_bytes = layout.scratch_bytes;
    }

    void bind_caches() {
        if (caches_.size() != program_.caches.size()) {
            refuse("caches", std::to_string(program_.caches.size()), std::to_string(caches_.size()));
        }
        for (std::size_t i = 0; i < caches_.size(); ++i) {
            const auto* buffer = dynamic_cast<const CpuBuffer*>(caches_[i].get());
            if (buffer == nullptr)
                refuse("cache " + std::to_string(i), "a buffer of this device", "another's");
            const std::uint64_t bytes = program_.caches[i].bytes();
            if (buffer->bytes() < bytes) {
                refuse("cache " + std::to_string(i), std::to_string(bytes) + " bytes",
                       std::to_string(buffer->bytes()));
            }
            memory_.caches.push_back(buffer->data());
        }
    }

    void build(Isa isa) {
        if (program_.logits >= program_.slots.size())
            refuse("logits", "a slot", std::to_string(program_.logits));
        BuildContext context;
        context.program = &program_;
        context.isa = isa;
        context.threads = team_.threads();
        context.tiles = tile_kernels(isa);
        context.memory = &memory_;
        context.weights = &weight_data_;
        std::vector<ImplementationReport> report;
        context.report = &report;
        if (options_.profile) context.profile = &profile_;
        head_ = add_ops(context, stages_);
        // A program repeats its layers: one line for each kind of op is enough.
        for (auto& line : report) {
            const auto same = [&line](const ImplementationReport& other) {
                return other.op == line.op && other.implementation == line.implementation &&
                       other.refused == line.refused;
            };
            if (std::none_of(report_.begin(), report_.end(), same)) report_.push_back(std::move(line));
        }
    }

    void run_stages(const Step& step, Worker worker) {
        const std::size_t count = step.hidden_only ? head_ : stages_.size();
        const bool timed = options_.profile && worker.thread == 0;
        const Stage* before = nullptr;
        for (std::size_t i = 0; i < count; ++i) {
            const Stage& stage = *stages_[i];
            if (stage.idle(step)) continue;
            if (before != nullptr && !goes_on(*before, stage)) {
                stage.fetch(step, worker);
                barrier_.wait(worker.threads);
            }
            if (timed) profile_.begin_stage(i);
            stage.run(step, worker);
            before = &stage;
        }
        if (timed) profile_.end_step();
    }

    std::span<const float> content(Slot slot) const {
        const SlotInfo& info = program_.slots[slot];
        return {memory_.slots[slot],
                std::size_t{info.width} * rows_[static_cast<std::size_t>(info.rows)] * info.copies};
    }

    const Program program_;
    const DeviceOptions options_;
    Team& team_;
    const std::vector<std::shared_ptr<const Weight>> weights_;
    const std::vector<std::shared_ptr<Buffer>> caches_;
    std::vector<const std::byte*> weight_data_;
    const Allocation workspace_;
    Memory memory_;
    Stages stages_;
    std::size_t head_ = 0;  // the first stage that only logits need
    Barrier barrier_;
    Profile profile_;
    std::vector<ImplementationReport> report_;
    std::uint32_t rows_[2] = {0, 0};  // of the last step, by Rows
};

}  // namespace

std::unique_ptr<Executable> compile(const Program& program,
                                    std::vector<std::shared_ptr<const Weight>> weights,
                                    std::vector<std::shared_ptr<Buffer>> caches, Allocation memory,
                                    const DeviceOptions& options, Isa isa, Team& team) {
    return std::make_unique<CpuExecutable>(program, std::move(weights), std::move(caches), std::move(memory),
                                           options, isa, team);
}

}  // namespace lamina::cpu
