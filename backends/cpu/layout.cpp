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

std::uint64_t scratch_of(const Program& program, const Op& op, int threads) {
    if (const auto* attention = std::get_if<Attention>(&op))
        return attention_scratch_bytes(program, *attention, threads);
    if (const auto* linear = std::get_if<Linear>(&op)) {
        return linear_scratch_bytes(program, *linear, slot_rows(program, linear->in));
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

WeightInfo place(const DeviceInfo&, const DeviceOptions&, WeightInfo weight) {
    weight.form = Form::file;
    weight.bytes = 0;
    if (!quant::is_weight_type(weight.type)) return weight;
    if (weight.rows == 1 || !(is_quantized(weight.type) || is_float(weight.type))) {
        weight.form = Form::f32;
        weight.bytes = matrix_bytes(weight.rows, weight.columns, weight.name);
    } else if (is_quantized(weight.type)) {
        weight.form = Form::packed;
        weight.bytes =
            quant::PackedShape{quant::packed_kind(weight.type), weight.rows, weight.columns}.bytes();
    }
    return weight;
}

Workspace workspace(const Program& program, int threads) {
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
    for (const Op& op : program.ops)
        out.scratch_bytes = std::max(out.scratch_bytes, scratch_of(program, op, threads));
    out.scratch = append(out.scratch_bytes);
    return out;
}

}  // namespace lamina::cpu
