#include "plan/numerics.hpp"

#include <algorithm>
#include <variant>

namespace lamina::plan {
namespace {

using namespace backend;

// A model with fewer weights multiplies so little that precise inputs cost nothing that matters.
constexpr std::uint64_t few_weights = 16u << 20;

// Rounding inputs of quantized weights to 8 bits changes logits by some 1 %. With 16 bits it does not show,
// for twice the multiplications: where f32 is asked for, where there are routers, which 1 % makes choose
// other experts, and in small models.
bool precise_inputs(const Program& program, ComputeType compute) {
    if (compute != ComputeType::automatic) return compute == ComputeType::f32;
    std::uint64_t weights = 0;
    for (const auto& weight : program.weights) weights += weight.values();
    return !program.routings.empty() || weights < few_weights;
}

// A matrix of one row is a vector: devices widen it to f32, whatever its type in the file.
bool is_vector(const WeightInfo& weight) { return weight.matrices * weight.rows == 1; }

class Decision {
  public:
    Decision(const Program& program, const NumericOptions& options)
        : program_(program), options_(options), precise_(precise_inputs(program, options.compute)) {}

    void apply(Linear& op, bool writes_values) const {
        const WeightInfo& weight = program_.weights[op.weight];
        if (is_quantized(weight.type) && !is_vector(weight)) {
            // Values alone are a few percent of the multiplications and a fifth of the error, for the cache
            // keeps them and all later tokens read them.
            op.input = precise_ || writes_values ? Precision::int16 : Precision::int8;
            // It rounds weights too, and only where there are many rows.
            op.matrix_unit = !precise_ && !options_.invariant;
        } else {
            const bool as_stored = weight.type == DType::bf16 && !is_vector(weight);
            const bool round = options_.compute == ComputeType::bf16 ||
                               (options_.compute == ComputeType::automatic && as_stored);
            op.input = round ? Precision::bf16 : Precision::f32;
        }
    }

    // Prefill rows in bf16 have other bits than a row alone.
    Precision prefill_attention() const {
        return rounds_most_inputs() && !options_.invariant ? Precision::bf16 : Precision::f32;
    }

  private:
    // Whether most of what the program's matrices multiply is rounded anyway.
    bool rounds_most_inputs() const {
        if (options_.compute != ComputeType::automatic) return options_.compute == ComputeType::bf16;
        if (precise_) return false;
        std::uint64_t rounded = 0, all = 0;
        for (const Op& op : program_.ops) {
            const auto* linear = std::get_if<Linear>(&op);
            if (linear == nullptr) continue;
            const WeightInfo& weight = program_.weights[linear->weight];
            all += weight.values();
            if (is_quantized(weight.type) || weight.type == DType::bf16) rounded += weight.values();
        }
        return 2 * rounded > all;
    }

    const Program& program_;
    const NumericOptions& options_;
    const bool precise_;
};

}  // namespace

void decide_precision(Program& program, std::span<const std::size_t> value_projections,
                      const NumericOptions& options) {
    const Decision decision(program, options);
    const Precision attention = decision.prefill_attention();
    for (std::size_t i = 0; i < program.ops.size(); ++i) {
        if (auto* linear = std::get_if<Linear>(&program.ops[i])) {
            decision.apply(*linear, std::ranges::binary_search(value_projections, i));
        } else if (auto* attend = std::get_if<Attention>(&program.ops[i])) {
            attend->prefill = attention;
        }
    }
    program.row_invariant = options.invariant;
}

DType cache_type(const NumericOptions& options, std::uint64_t f32_bytes) {
    return options.cache.value_or(f32_bytes <= small_cache ? DType::f32 : DType::f16);
}

}  // namespace lamina::plan
