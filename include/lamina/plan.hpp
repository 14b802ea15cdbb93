/// @file
/// What will lie where, to the byte, before anything is allocated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lamina/device.hpp"
#include "lamina/export.h"

namespace lamina {

/// One allocation of a plan, or one range of a file that is read in place.
struct PlanBuffer {
    std::string device = {};         ///< DeviceInfo::name
    std::string name = {};           ///< "weights, packed", "kv cache, all tokens", "workspace", ...
    std::uint64_t bytes = 0;         ///< exactly what is allocated; 0 for weights read in place
    std::uint64_t mapped_bytes = 0;  ///< bytes read in place from the file
    std::string detail = {};         ///< "210 tensors", "18 layers x 128 pages x 32 tokens, f16", ...
};

/// A run of layers that live and compute on one device.
struct PlanLayers {
    std::uint32_t first = 0;         ///< the first layer, from 0
    std::uint32_t last = 0;          ///< the last layer, itself part of the run
    std::string device = {};         ///< DeviceInfo::name
    std::uint64_t weight_bytes = 0;  ///< bytes of their weights
};

/// Where a model computes and what it takes.
struct LAMINA_API Plan {
    std::vector<DeviceInfo> devices = {};  ///< those that are used
    std::vector<PlanBuffer> buffers = {};  ///< everything that devices allocate or map
    std::vector<PlanLayers> layers = {};   ///< all layers, in order
    std::uint32_t context = 0;             ///< tokens that a sequence can hold
    std::uint32_t sequences = 0;           ///< sequences at once
    std::uint32_t batch_tokens = 0;        ///< rows of one step
    std::string reason = {};               ///< one sentence on why it is so
    std::string ops = {};  ///< for people: what devices are asked to do in a step, an op a line

    std::uint64_t total_bytes() const;   ///< bytes allocated, over all buffers
    std::uint64_t mapped_bytes() const;  ///< bytes read in place, over all buffers
    std::string table() const;           ///< for people: several lines
    std::string json() const;            ///< for scripts: one object
};

}  // namespace lamina
