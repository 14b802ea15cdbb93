#include "exec/executor.hpp"

#include <utility>

#include "lamina/error.hpp"

namespace lamina::exec {
namespace {

using backend::WeightData;

// Reads each weight's bytes from the file and hands them to the device, releasing the file's pages as it
// goes.
std::vector<std::shared_ptr<const backend::Weight>> upload(const format::ModelFile& file,
                                                           const plan::Plan& plan, backend::Device& device,
                                                           const format::Progress& progress) {
    std::uint64_t total = 0, done = 0;
    for (const auto& w : plan.program.weights) total += w.stored_bytes();
    std::vector<std::shared_ptr<const backend::Weight>> out;
    for (std::size_t i = 0; i < plan.program.weights.size(); ++i) {
        const auto& info = plan.program.weights[i];
        const auto& from = plan.sources[i];
        const auto& tensor = file.tensors[from.tensor];
        const auto first = row_bytes(info.type, from.first_element), size = info.stored_bytes();
        const auto& bytes = file.files[tensor.file].bytes;
        const auto offset = tensor.offset + first;
        bytes->populate(offset, size);
        out.push_back(device.upload(WeightData{info, tensor.bytes.subspan(first, size), bytes}));
        if (info.layout.bytes > 0) bytes->release(offset, size);
        done += size;
        if (progress && !progress(done, total))
            throw Error(ErrorCode::cancelled, "load", "cancelled while loading " + file.path());
    }
    return out;
}

Limits limits_of(const backend::Program& program) {
    return {.vocabulary = program.slots[program.logits].width,
            .hidden_size = program.slots[program.hidden].width,
            .max_rows = program.max_rows,
            .max_outputs = program.max_outputs};
}

}  // namespace

Executor::Executor(const format::ModelFile& file, plan::Plan plan, const backend::DeviceOptions& options,
                   const format::Progress& progress)
    : Forward(limits_of(plan.program), plan.program.caches, plan.workload.sequences, plan.workload.context),
      plan_(std::move(plan)),
      device_(backend::find_backend(plan_.device.backend).open(plan_.device, options)),
      weights_(upload(file, plan_, *device_, progress)) {
    for (auto bytes : plan_.cache_bytes) caches_.push_back(device_->allocate(bytes));
    executable_ =
        device_->compile(plan_.program, weights_, caches_, device_->allocate(plan_.workspace_bytes));
}

std::span<const float> Executor::run(const backend::Step& step) {
    executable_->run(step);
    return executable_->result(step.hidden_only ? plan_.program.hidden : plan_.program.logits);
}

}  // namespace lamina::exec
