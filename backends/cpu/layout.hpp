// How the CPU device lays out what it is given: pure functions, for machines that are not this one too.
#pragma once

#include <cstdint>
#include <vector>

#include "backend/device.hpp"
#include "cpu/ops/stage.hpp"

namespace lamina::cpu {

// options.threads, or all that the device has. Throws invalid_argument outside 0..1024.
int threads_of(const DeviceInfo& device, const backend::DeviceOptions& options);

// What kernels of the device run at. scalar where it names nothing known.
Isa isa_of(const DeviceInfo& device);

// How a weight is held: backend::WeightLayout::id.
enum class Layout : std::uint8_t {
    file,    // the file's own bytes, in place
    packed,  // quant/packed.hpp
    f32,     // widened to f32, row-major
};
inline Layout layout_of(const backend::WeightInfo& weight) { return static_cast<Layout>(weight.layout.id); }
const char* layout_name(std::uint8_t id);
// What the device allocates for a weight in this layout. Throws out_of_memory where that exceeds 64 bits.
std::uint64_t layout_bytes(Layout layout, const backend::WeightInfo& weight);

// Vectors (norms, biases, sinks) and f64 become f32; quantized matrices are packed where that is worth it and
// wanted; what else there is, and f32, f16 and bf16 matrices, is read where the file is mapped. A type that
// is no weight stays as in the file: upload refuses it.
backend::WeightLayout choose_layout(const DeviceInfo& device, const backend::DeviceOptions& options,
                                    const backend::WeightInfo& weight);

// Where things lie in a program's one allocation, as byte offsets, each aligned to 64.
struct Workspace {
    std::vector<std::uint64_t> slots;     // f32 [max rows of the slot's kind, width]
    std::vector<std::uint64_t> ropes;     // f32 [max_rows, rope_row_floats]
    std::vector<std::uint64_t> routings;  // routing_bytes
    std::uint64_t scratch = 0, scratch_bytes = 0;
    std::uint64_t bytes = 0;
};
// The arrays of a Routing, one behind the other from `memory` on: what they take together, and where they
// lie.
std::uint64_t routing_bytes(const backend::ExpertRouting& routing, std::uint32_t max_rows);
Routing lay_out(const backend::ExpertRouting& routing, std::uint32_t max_rows, std::byte* memory);
// Throws out_of_memory where the sizes exceed 64 bits.
Workspace workspace(const backend::Program& program, Isa isa, int threads);

}  // namespace lamina::cpu
