/// @file
/// What a machine offers to compute on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lamina/export.h"

namespace lamina {

/// What the user states of a device's speed (the settings of ModelOptions::devices). 0 where nothing is
/// stated. A plan shows it; no choice depends on it.
struct DeviceRates {
    double read_bytes_per_s = 0;  ///< bw=: what the device itself reads of its memory
    /// dram=: what its memory gives in all, to the device and to copies that run at the same time.
    double memory_bytes_per_s = 0;
    double link_bytes_per_s = 0;  ///< link=: copies between the host's memory and the device's
    double operations_per_s = 0;  ///< flops=: multiplications and additions, each of them one operation
};

/// One device, as it was found.
struct DeviceInfo {
    std::string name = {};              ///< how it is asked for: "cpu", "reference", "cuda:0"
    std::string backend = {};           ///< "cpu", "reference", "cuda"
    std::string description = {};       ///< the maker's name for it
    std::uint64_t memory_bytes = 0;     ///< bytes in all
    std::uint64_t available_bytes = 0;  ///< bytes free to use now
    int threads = 0;                    ///< CPUs that the process may use (CPU devices)
    std::vector<std::string> isa = {};  ///< instruction sets found, weakest first (CPU devices)
    std::string isa_used = {};  ///< the one that kernels run at: the strongest, or what LAMINA_ISA forces
    DeviceRates stated = {};    ///< in a plan: what ModelOptions::devices states
};

/// What a device was seen to do at most: what measured speeds are held against. 0 where it is not known.
struct DeviceSpeed {
    double read_bytes_per_s = 0;  ///< of its memory by all threads, the best of five passes over 1 GiB
    /// Multiplications and additions a second, without touching memory, as kernels of quantized weights make
    /// them.
    double int8_operations_per_s = 0;
    double bf16_operations_per_s = 0;  ///< the same of pairs of bf16; 0 where there is no instruction for it
    double f32_operations_per_s = 0;   ///< the same of f32
};

/// All devices that this build can use on this machine, the preferred one first.
/// Throws invalid_argument if LAMINA_ISA names an instruction set that is unknown or that the machine lacks.
LAMINA_API std::vector<DeviceInfo> devices();

}  // namespace lamina
