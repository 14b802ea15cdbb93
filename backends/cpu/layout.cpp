#include "cpu/layout.hpp"

#include <algorithm>
#include <string>

#include "base/checked.hpp"
#include "base/cpu_count.hpp"
#include "cpu/errors.hpp"
#include "lamina/limits.hpp"
#include "quant/decode.hpp"
#include "quant/packed.hpp"

namespace lamina::cpu {

using namespace backend;

void too_large(const std::string& what) {
    errors.fail(ErrorCode::out_of_memory, what, "a size below 2^64", "more");
}

std::uint64_t matrix_bytes(std::uint64_t rows, std::uint64_t columns, const std::string& what) {
    const auto count = checked_mul(rows, columns);
    const auto bytes = count ? checked_mul(*count, sizeof(float)) : std::nullopt;
    if (!bytes) too_large(what);
    return *bytes;
}

int threads_of(const DeviceInfo& device, const DeviceOptions& options) {
    errors.require(options.threads >= 0 && options.threads <= max_threads, "threads",
                   "0.." + std::to_string(max_threads), options.threads);
    if (options.threads > 0) return options.threads;
    return std::clamp(device.threads > 0 ? device.threads : available_cpus(), 1, max_threads);
}

Isa isa_of(const DeviceInfo& device) { return parse(device.isa_used).value_or(Isa::scalar); }

const char* layout_name(std::uint8_t id) {
    switch (static_cast<Layout>(id)) {
        case Layout::file: return "as in the file";
        case Layout::packed: return "packed";
        case Layout::f32: return "f32";
    }
    return "unknown";
}

std::uint64_t layout_bytes(Layout layout, const WeightInfo& weight) {
    if (layout == Layout::file) return 0;
    const auto rows = checked_mul(weight.matrices, weight.rows);
    if (!rows) too_large(weight.name);
    if (layout == Layout::f32) return matrix_bytes(*rows, weight.columns, weight.name);
    const quant::PackedShape shape{quant::packed_kind(weight.type), weight.rows, weight.columns};
    const auto bytes = checked_mul(weight.matrices, shape.bytes());
    if (!bytes) too_large(weight.name);
    return *bytes;
}

WeightLayout choose_layout(const DeviceInfo&, const DeviceOptions& options, const WeightInfo& weight) {
    const auto as = [&weight](Layout layout) {
        return WeightLayout{static_cast<std::uint8_t>(layout), layout_bytes(layout, weight)};
    };
    if (!quant::is_weight_type(weight.type)) return as(Layout::file);
    const bool blocks = is_quantized(weight.type);
    if (weight.matrices * weight.rows == 1 || !(blocks || is_float(weight.type))) return as(Layout::f32);
    const bool pack = blocks && options.repack && quant::worth_packing(quant::packed_kind(weight.type));
    return as(pack ? Layout::packed : Layout::file);
}

}  // namespace lamina::cpu
