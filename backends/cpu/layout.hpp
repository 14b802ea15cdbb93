// How the CPU device lays out what it is given: pure functions, for machines that are not this one too.
#pragma once

#include <cstdint>
#include <string>

#include "backend/device.hpp"
#include "cpu/isa.hpp"

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

// f32 [rows, columns]. Throws out_of_memory that names `what` where the bytes exceed 64 bits.
std::uint64_t matrix_bytes(std::uint64_t rows, std::uint64_t columns, const std::string& what);
[[noreturn]] void too_large(const std::string& what);

}  // namespace lamina::cpu
