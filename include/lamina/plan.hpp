// What will lie where, to the byte, before anything is allocated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lamina/device.hpp"

namespace lamina {

struct PlanBuffer {
    std::string device = {};         // DeviceInfo::name
    std::string name = {};           // "weights, packed", "kv cache, full attention", "workspace", ...
    std::uint64_t bytes = 0;         // exactly what is allocated; 0 for weights read in place
    std::uint64_t mapped_bytes = 0;  // read in place from the file
    std::string detail = {};         // "210 tensors", "18 layers x 128 pages x 32 tokens, f16", ...
};

struct PlanLayers {
    std::uint32_t first = 0, last = 0;  // inclusive range of blocks
    std::string device = {};            // where they live and compute
    std::uint64_t weight_bytes = 0;
};

struct Plan {
    std::vector<DeviceInfo> devices = {};
    std::vector<PlanBuffer> buffers = {};
    std::vector<PlanLayers> layers = {};
    std::uint32_t context = 0;       // tokens a sequence can hold
    std::uint32_t sequences = 0;     // sequences at once
    std::uint32_t batch_tokens = 0;  // rows of one step
    std::string reason = {};         // one sentence on why it is so

    std::uint64_t total_bytes() const;  // allocated, over all buffers
    std::uint64_t mapped_bytes() const;
    std::string table() const;  // for people: several lines
    std::string json() const;   // for scripts: one object
};

}  // namespace lamina
