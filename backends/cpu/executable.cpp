#include "cpu/executable.hpp"

#include <cstddef>
#include <string>
#include <utility>

#include "cpu/errors.hpp"
#include "cpu/ops/ops.hpp"
#include "cpu/profile.hpp"
#include "cpu/weight.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

class CpuExecutable final : public Executable {
  public:
    CpuExecutable(const Program& program, std::vector<std::shared_ptr<const Weight>> weights,
                  std::vector<std::shared_ptr<Buffer>> caches, std::shared_ptr<Buffer> workspace,
                  bool profile, Isa isa, ThreadPool& pool)
        : program_(program),
          timed_(profile),
          pool_(pool),
          weights_(std::move(weights)),
          caches_(std::move(caches)),
          workspace_(std::move(workspace)) {
        build(isa);
    }

    void run(const Step& step) override {
        rows_[static_cast<std::size_t>(Rows::all)] = step.rows(Rows::all);
        rows_[static_cast<std::size_t>(Rows::outputs)] = step.rows(Rows::outputs);
        pool_.parallel([&](Worker worker) { run_stages(step, worker); });
    }

    std::span<const float> result(Slot slot) const override { return content(slot); }
    std::vector<float> read(Slot slot) const override {
        if (slot >= program_.slots.size()) {
            errors.refuse("slot", "below " + std::to_string(program_.slots.size()), std::to_string(slot));
        }
        const auto values = content(slot);
        return {values.begin(), values.end()};
    }
    std::vector<OpImplementation> report() const override { return report_; }
    std::vector<OpTime> take_profile() override { return profile_.take(); }

  private:
    std::vector<const std::byte*> bind_weights() const {
        if (weights_.size() != program_.weights.size()) {
            errors.refuse("weights", std::to_string(program_.weights.size()),
                          std::to_string(weights_.size()));
        }
        std::vector<const std::byte*> out;
        for (std::size_t i = 0; i < weights_.size(); ++i) {
            const auto* weight = dynamic_cast<const CpuWeight*>(weights_[i].get());
            const WeightInfo& wanted = program_.weights[i];
            if (weight == nullptr) errors.refuse(wanted.name, "a weight of this device", "another's");
            const WeightInfo& got = weight->info();
            if (got.type != wanted.type || got.layout.id != wanted.layout.id || got.rows != wanted.rows ||
                got.matrices != wanted.matrices || got.columns != wanted.columns) {
                errors.refuse(wanted.name, "the type, layout and shape that the program states",
                              "those of '" + got.name + "'");
            }
            out.push_back(weight->data());
        }
        return out;
    }

    std::vector<std::byte*> bind_caches() const {
        if (caches_.size() != program_.caches.size()) {
            errors.refuse("caches", std::to_string(program_.caches.size()), std::to_string(caches_.size()));
        }
        std::vector<std::byte*> out;
        for (std::size_t i = 0; i < caches_.size(); ++i)
            out.push_back(data_of(*caches_[i], program_.caches[i].bytes(), "cache " + std::to_string(i)));
        return out;
    }

    static std::byte* data_of(const Buffer& any, std::uint64_t bytes, const std::string& what) {
        const auto* buffer = dynamic_cast<const CpuBuffer*>(&any);
        if (buffer == nullptr) errors.refuse(what, "a buffer of this device", "another's");
        if (buffer->bytes() < bytes) {
            errors.refuse(what, std::to_string(bytes) + " bytes", std::to_string(buffer->bytes()));
        }
        return buffer->data();
    }

    void build(Isa isa) {
        if (program_.logits >= program_.slots.size())
            errors.refuse("logits", "a slot", std::to_string(program_.logits));
        const auto weights = bind_weights();
        const auto caches = bind_caches();
        const Bindings bindings{data_of(*workspace_, 0, "workspace"), weights, caches};
        Builder b(program_, Target::of(isa, pool_.threads()), bindings);
        head_ = build_program(b, timed_ ? &profile_ : nullptr);
        data_of(*workspace_, b.workspace_bytes(), "workspace");
        for (Slot slot = 0; slot < program_.slots.size(); ++slot) slots_.push_back(b.slot_data(slot));
        stages_ = b.take_stages();
        report_ = b.take_report();
    }

    void run_stages(const Step& step, Worker worker) {
        const std::size_t count = step.hidden_only ? head_ : stages_.size();
        const bool timed = timed_ && worker.thread == 0;
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
        return {slots_[slot],
                std::size_t{info.width} * rows_[static_cast<std::size_t>(info.rows)] * info.copies};
    }

    const Program program_;
    const bool timed_;
    ThreadPool& pool_;
    const std::vector<std::shared_ptr<const Weight>> weights_;
    const std::vector<std::shared_ptr<Buffer>> caches_;
    const std::shared_ptr<Buffer> workspace_;
    std::vector<float*> slots_;
    Stages stages_;
    std::size_t head_ = 0;  // the first stage that only logits need
    Barrier barrier_;
    Profile profile_;
    std::vector<OpImplementation> report_;
    std::uint32_t rows_[2] = {0, 0};  // of the last step, by Rows
};

}  // namespace

std::unique_ptr<Executable> compile(const Program& program,
                                    std::vector<std::shared_ptr<const Weight>> weights,
                                    std::vector<std::shared_ptr<Buffer>> caches,
                                    std::shared_ptr<Buffer> workspace, bool profile, Isa isa,
                                    ThreadPool& pool) {
    return std::make_unique<CpuExecutable>(program, std::move(weights), std::move(caches),
                                           std::move(workspace), profile, isa, pool);
}

}  // namespace lamina::cpu
