// A plan made real: weights resident, buffers allocated once, steps run on the device.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "backend/device.hpp"
#include "exec/forward.hpp"
#include "format/model_file.hpp"
#include "plan/plan.hpp"

namespace lamina::exec {

class Executor final : public Forward {
  public:
    // Uploads weights and allocates what the plan says. Throws Error (io, out_of_memory, cancelled;
    // unsupported or invalid_argument for what the device refuses).
    Executor(const format::ModelFile& file, plan::Plan plan, const backend::DeviceOptions& options,
             const format::Progress& progress);

    const plan::Plan& plan() const { return plan_; }
    std::vector<OpImplementation> report() const { return executable_->report(); }
    // Under a lease.
    DeviceSpeed measure_device() { return device_->measure_speed(); }
    std::vector<OpTime> take_profile() { return executable_->take_profile(); }

  private:
    std::span<const float> run(const backend::Step& step) override;

    plan::Plan plan_;
    std::unique_ptr<backend::Device> device_;
    std::vector<std::shared_ptr<const backend::Weight>> weights_;
    std::vector<std::shared_ptr<backend::Buffer>> caches_;
    std::unique_ptr<backend::Executable> executable_;
};

}  // namespace lamina::exec
