#include "cpu/layout.hpp"

#include <algorithm>
#include <string>
#include <variant>

#include "base/checked.hpp"
#include "base/cpu_count.hpp"
#include "cpu/ops/ops.hpp"
#include "lamina/error.hpp"
#include "quant/decode.hpp"
#include "quant/packed.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

constexpr int most_threads = 1024;
constexpr std::uint64_t line = 64;

[[noreturn]] void too_large(const std::string& what) {
    throw Error(
        ErrorCode::out_of_memory,
        ErrorDetails{.area = "cpu", .subject = what, .expected = "a size below 2^64", .found = "more"});
}

std::uint64_t matrix_bytes(std::uint64_t rows, std::uint64_t columns, const std::string& what) {
    const auto count = checked_mul(rows, columns);
    const auto bytes = count ? checked_mul(*count, sizeof(float)) : std::nullopt;
    if (!bytes) too_large(what);
    return *bytes;
}

std::uint64_t scratch_of(const Program& program, Isa isa, const Op& op, int threads) {
    if (const auto* attention = std::get_if<Attention>(&op))
        return attention_scratch_bytes(program, *attention, threads);
    if (const auto* route = std::get_if<Route>(&op)) return route_scratch_bytes(program, *route, threads);
    if (const auto* linear = std::get_if<Linear>(&op)) {
        return linear_scratch_bytes(program, tile_kernels(isa), *linear, slot_rows(program, linear->in),
                                    threads);
    }
    return 0;
}

}  // namespace

int threads_of(const DeviceInfo& device, const DeviceOptions& options) {
    if (options.threads < 0 || options.threads > most_threads) {
        throw Error(ErrorCode::invalid_argument,
                    ErrorDetails{.area = "cpu",
                                 .subject = "threads",
                                 .expected = "0.." + std::to_string(most_threads),
                                 .found = std::to_string(options.threads)});
    }
    if (options.threads > 0) return options.threads;
    return std::clamp(device.threads > 0 ? device.threads : available_cpus(), 1, most_threads);
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

std::uint64_t routing_bytes(const ExpertRouting& routing, std::uint32_t max_rows) {
    const std::uint64_t pairs = std::uint64_t{max_rows} * routing.used;
    return (routing.experts + 1 + 4 * pairs) * sizeof(std::uint32_t);
}

Routing lay_out(const ExpertRouting& routing, std::uint32_t max_rows, std::byte* memory) {
    const std::uint64_t pairs = std::uint64_t{max_rows} * routing.used;
    auto* at = reinterpret_cast<std::uint32_t*>(memory);
    Routing out;
    out.first = at;
    out.row = out.first + routing.experts + 1;
    out.pair = out.row + pairs;
    out.expert = out.pair + pairs;
    out.weight = reinterpret_cast<float*>(out.expert + pairs);
    return out;
}

Workspace workspace(const Program& program, Isa isa, int threads) {
    Workspace out;
    const auto append = [&out](std::uint64_t bytes) {
        const std::uint64_t offset = out.bytes;
        const auto end = checked_add(offset, bytes);
        const auto aligned = end ? checked_align(*end, line) : std::nullopt;
        if (!aligned) too_large("workspace");
        out.bytes = *aligned;
        return offset;
    };
    for (Slot slot = 0; slot < program.slots.size(); ++slot) {
        out.slots.push_back(
            append(matrix_bytes(slot_rows(program, slot), program.slots[slot].width, "slots")));
    }
    for (const RopeTable& rope : program.ropes) {
        out.ropes.push_back(append(matrix_bytes(program.max_rows, rope_row_floats(rope), "rotary tables")));
    }
    for (const ExpertRouting& routing : program.routings)
        out.routings.push_back(append(routing_bytes(routing, program.max_rows)));
    for (const Op& op : program.ops)
        out.scratch_bytes = std::max(out.scratch_bytes, scratch_of(program, isa, op, threads));
    out.scratch = append(out.scratch_bytes);
    return out;
}

}  // namespace lamina::cpu
