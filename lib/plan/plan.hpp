// Decides what lies where and what runs where, from sizes alone: a plan is a plain value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backend/device.hpp"
#include "lamina/plan.hpp"
#include "model/model.hpp"
#include "plan/numerics.hpp"

namespace lamina::plan {

// What the model is wanted for.
struct Workload {
    std::uint32_t context = 4096;      // tokens a sequence can hold; at most what the model was trained for
    std::uint32_t sequences = 1;       // alive at once
    std::uint32_t batch_tokens = 512;  // rows of a step
    std::uint32_t logit_rows = 16;     // logit rows of a step
    NumericOptions numerics = {};
};

// Where a weight of the program comes from: its values lie one behind the other in a tensor of the file, from
// `first_element` on.
struct WeightSource {
    std::size_t tensor = 0;  // index into ModelFile::tensors
    std::uint64_t first_element = 0;
};

struct Plan {
    DeviceInfo device;
    backend::Program program;                // what the device runs in a step
    std::vector<WeightSource> sources;       // of program.weights[i]
    std::vector<std::uint64_t> cache_bytes;  // of program.caches[i]
    std::uint64_t workspace_bytes = 0;
    Workload workload;
    lamina::Plan summary;  // the same for people and scripts
};

// The ops of one step of `model`: the only place that knows how a decoder is put together. Precisions, the
// type of the cache and the layouts of weights are still open.
struct Lowered {
    backend::Program program;
    std::vector<WeightSource> sources;           // of program.weights[i]
    std::vector<std::size_t> value_projections;  // ops whose results the KV cache keeps as values
};
Lowered lower(const model::Model& model, const Workload& workload);

// Plans `model` on one device. Throws out_of_memory with the numbers where it does not fit, invalid_argument
// where the workload cannot be meant.
Plan make_plan(const model::Model& model, const backend::Backend& backend, const DeviceInfo& device,
               const backend::DeviceOptions& options, const Workload& workload);

}  // namespace lamina::plan
