// A user's options turned into what the planner and the devices want, every default resolved.
#pragma once

#include "lamina/model.hpp"
#include "plan/plan.hpp"

namespace lamina {

struct ResolvedOptions {
    ModelOptions options;  // as given, with every default filled in
    const backend::Backend* backend = nullptr;
    DeviceInfo device;
    backend::DeviceOptions device_options;
    plan::Workload workload;
};

// Throws invalid_argument that names the option.
ResolvedOptions resolve_options(const ModelOptions& options, const model::Model& model);

}  // namespace lamina
