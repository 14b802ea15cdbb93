// Linear: sorts the Linears that share an input by how their weights are held and hands each sort to its
// stages.
#include <algorithm>

#include "cpu/layout.hpp"
#include "cpu/ops/linear_parts.hpp"
#include "cpu/ops/ops.hpp"
#include "lamina/error.hpp"

namespace lamina::cpu {
namespace {

std::string shape_text(std::uint64_t rows, std::uint64_t columns) {
    return "[" + std::to_string(rows) + ", " + std::to_string(columns) + "]";
}

void check_shape(const backend::Program& program, const backend::Linear& linear) {
    const backend::WeightInfo& weight = program.weights[linear.weight];
    const std::uint64_t rows = program.slots[linear.out].width, columns = program.slots[linear.in].width;
    const backend::SlotInfo &in = program.slots[linear.in], &out = program.slots[linear.out];
    const bool routed = linear.routing != backend::no_routing;
    const bool groups_fit = in.rows == out.rows && in.copies == out.copies &&
                            (routed ? linear.routing < program.routings.size() &&
                                          program.routings[linear.routing].experts == weight.matrices &&
                                          program.routings[linear.routing].used == in.copies
                                    : in.copies == weight.matrices);
    if (!groups_fit) {
        throw Error(ErrorCode::invalid_argument,
                    ErrorDetails{.area = "linear",
                                 .subject = weight.name,
                                 .expected = "a matrix for each copy or expert of the rows",
                                 .found = std::to_string(weight.matrices) + " for " +
                                          std::to_string(in.copies) + " copies"});
    }
    if (weight.rows != rows || weight.columns != columns) {
        throw Error(ErrorCode::invalid_argument,
                    ErrorDetails{.area = "linear",
                                 .subject = weight.name,
                                 .expected = "shape " + shape_text(rows, columns),
                                 .found = shape_text(weight.rows, weight.columns)});
    }
}

const float* bias_data(const BuildContext& context, const backend::Linear& linear) {
    if (linear.bias == backend::no_weight) return nullptr;
    const backend::WeightInfo& bias = context.program->weights[linear.bias];
    const std::uint64_t outputs =
        context.program->weights[linear.weight].matrices * context.program->slots[linear.out].width;
    // Vectors are stored as f32 or widened at upload.
    const bool is_f32 =
        layout_of(bias) == Layout::f32 || (layout_of(bias) == Layout::file && bias.type == DType::f32);
    if (!is_f32 || bias.rows * bias.columns != outputs) {
        throw Error(ErrorCode::invalid_argument,
                    ErrorDetails{.area = "linear",
                                 .subject = bias.name,
                                 .expected = "a bias of " + std::to_string(outputs) + " f32 values",
                                 .found = std::string(info(bias.type).name) + " " +
                                          shape_text(bias.rows, bias.columns)});
    }
    return reinterpret_cast<const float*>((*context.weights)[linear.bias]);
}

// Else row-major floats.
bool as_panels(const backend::WeightInfo& weight) {
    return layout_of(weight) == Layout::packed ||
           (layout_of(weight) == Layout::file && is_quantized(weight.type));
}

void check_precision(const backend::WeightInfo& weight, backend::Precision input) {
    using backend::Precision;
    const bool quantized = as_panels(weight);
    if (quantized ? input == Precision::int16 || input == Precision::int8
                  : input == Precision::f32 || input == Precision::bf16)
        return;
    throw Error(ErrorCode::unsupported,
                ErrorDetails{.area = "linear",
                             .subject = weight.name,
                             .expected = quantized ? "inputs of 16 or 8 bits, as quantized weights take them"
                                                   : "inputs in f32 or bf16, as float weights take them",
                             .found = backend::name(input)});
}

LinearOperands operands(const BuildContext& context, const backend::Linear& linear) {
    const backend::Program& program = *context.program;
    check_shape(program, linear);
    check_precision(program.weights[linear.weight], linear.input);
    return {
        .weight = &program.weights[linear.weight],
        .data = (*context.weights)[linear.weight],
        .bias = bias_data(context, linear),
        .in = context.memory->slots[linear.in],
        .out = context.memory->slots[linear.out],
        .slot = program.slots[linear.in],
        .max_rows = slot_rows(program, linear.in),
        .groups = {program.weights[linear.weight].matrices,
                   linear.routing == backend::no_routing ? nullptr
                                                         : context.memory->routings[linear.routing].first},
        .input = linear.input,
        .matrix_unit = linear.matrix_unit};
}

// Whether an Activate is in place and packed ones write what it reads, each slot one alone.
bool can_fuse(const std::vector<LinearOperands>& packed, const std::vector<LinearOperands>& dense,
              const ActivateOperands& activate) {
    const auto once = [&](const float* slot) {
        const auto writes = [slot](const LinearOperands& o) { return o.out == slot; };
        return std::count_if(packed.begin(), packed.end(), writes) == 1 &&
               std::none_of(dense.begin(), dense.end(), writes);
    };
    const bool in_place = activate.out == activate.gate || activate.out == activate.up;
    return in_place && once(activate.gate) &&
           (activate.up == nullptr || (activate.up != activate.gate && once(activate.up)));
}

}  // namespace

void report_linear(const BuildContext& context, const backend::WeightInfo& weight, std::string implementation,
                   const Refusals& refusals) {
    if (!context.report) return;
    context.report->push_back({.op = "linear " + std::string(info(weight.type).name) + " " +
                                     shape_text(weight.rows, weight.columns),
                               .implementation = std::move(implementation),
                               .refused = refusals.text()});
}

bool add_linears(const BuildContext& context, const std::vector<backend::Linear>& linears,
                 const backend::Activate* next, Stages& out) {
    std::vector<LinearOperands> packed, dense;
    for (const backend::Linear& linear : linears) {
        const LinearOperands o = operands(context, linear);
        (as_panels(*o.weight) ? packed : dense).push_back(o);
    }
    const ActivateOperands activate =
        next != nullptr ? activate_operands(context, *next) : ActivateOperands{};
    const bool activates = next != nullptr && can_fuse(packed, dense, activate);
    if (activates) report_activate(context, *next, ", with its matrices");
    if (!packed.empty()) add_packed_linears(context, packed, activates ? &activate : nullptr, out);
    if (!dense.empty()) add_dense_linears(context, dense, out);
    return activates;
}

std::uint64_t linear_scratch_bytes(const backend::Program& program, const TileKernels* tiles,
                                   const backend::Linear& linear, std::uint64_t rows, int threads) {
    const backend::WeightInfo& weight = program.weights[linear.weight];
    if (!as_panels(weight)) return dense_scratch_bytes(rows, weight.columns);
    return packed_scratch_bytes(weight, linear.matrix_unit ? tiles : nullptr,
                                linear.input == backend::Precision::int16, rows, threads);
}

}  // namespace lamina::cpu
