// Linear: sorts the Linears that share an input by how their weights are held and hands each sort to its
// stages.
#include <algorithm>

#include "cpu/layout.hpp"
#include "cpu/ops/linear_parts.hpp"
#include "cpu/ops/ops.hpp"

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
        linear_errors.refuse(
            weight.name, "a matrix for each copy or expert of the rows",
            std::to_string(weight.matrices) + " for " + std::to_string(in.copies) + " copies");
    }
    if (weight.rows != rows || weight.columns != columns) {
        linear_errors.refuse(weight.name, "shape " + shape_text(rows, columns),
                             shape_text(weight.rows, weight.columns));
    }
}

const float* bias_data(const backend::Linear& linear, const Builder& b) {
    if (linear.bias == backend::no_weight) return nullptr;
    const backend::WeightInfo& bias = b.program().weights[linear.bias];
    const std::uint64_t outputs =
        b.program().weights[linear.weight].matrices * b.program().slots[linear.out].width;
    // Vectors are stored as f32 or widened at upload.
    const bool is_f32 =
        layout_of(bias) == Layout::f32 || (layout_of(bias) == Layout::file && bias.type == DType::f32);
    if (!is_f32 || bias.rows * bias.columns != outputs) {
        linear_errors.refuse(bias.name, "a bias of " + std::to_string(outputs) + " f32 values",
                             std::string(info(bias.type).name) + " " + shape_text(bias.rows, bias.columns));
    }
    return reinterpret_cast<const float*>(b.weight_data(linear.bias));
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
    linear_errors.fail(ErrorCode::unsupported, weight.name,
                       quantized ? "inputs of 16 or 8 bits, as quantized weights take them"
                                 : "inputs in f32 or bf16, as float weights take them",
                       backend::name(input));
}

LinearOperands operands(const backend::Linear& linear, const Builder& b) {
    const backend::Program& program = b.program();
    check_shape(program, linear);
    check_precision(program.weights[linear.weight], linear.input);
    const backend::SlotInfo& slot = program.slots[linear.in];
    return {
        .weight = &program.weights[linear.weight],
        .data = b.weight_data(linear.weight),
        .bias = bias_data(linear, b),
        .in = b.slot_data(linear.in),
        .out = b.slot_data(linear.out),
        .slot = slot,
        .max_rows = slot_rows(program, slot),
        .groups = {program.weights[linear.weight].matrices,
                   linear.routing == backend::no_routing ? nullptr : b.routing_data(linear.routing).first},
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

void report_linear(const backend::WeightInfo& weight, std::string implementation, const Refusals& refusals,
                   Builder& b) {
    b.report("linear " + std::string(info(weight.type).name) + " " + shape_text(weight.rows, weight.columns),
             std::move(implementation), refusals);
}

void build(const backend::Linear& op, Builder& b) { build_linears({&op, 1}, nullptr, b); }

bool build_linears(std::span<const backend::Linear> linears, const backend::Activate* next, Builder& b) {
    LinearGroup packed, dense;
    for (const backend::Linear& linear : linears) {
        const LinearOperands o = operands(linear, b);
        (as_panels(*o.weight) ? packed : dense).linears.push_back(o);
    }
    if (next != nullptr) {
        const auto activate = activate_operands(*next, b);
        if (can_fuse(packed.linears, dense.linears, activate)) packed.activate = activate;
    }
    if (packed.activate) report_activate(*next, ", with its matrices", b);
    if (!packed.linears.empty()) build_packed(packed, b);
    b.begin_group();  // one has run when the other begins
    if (!dense.linears.empty()) build_dense(dense, b);
    return packed.activate.has_value();
}

}  // namespace lamina::cpu
