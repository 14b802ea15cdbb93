// Dense weights (f32, f16, bf16, as they lie in the file) x f32 activations, or activations rounded to bf16.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/checked.hpp"
#include "base/half.hpp"
#include "cpu/layout.hpp"
#include "cpu/onednn/matmul.hpp"
#include "cpu/ops/linear_parts.hpp"

namespace lamina::cpu {
namespace {

// How the activations of a Linear enter its kernel.
enum class Input : std::uint8_t {
    f32,
    rounded,  // f32 values that bf16 holds: products with them are exact
    bf16,
};

// Rounds the input to bf16, kept as bf16 or as f32.
class RoundStage final : public RowStage {
  public:
    RoundStage(const LinearOperands& o, Input form, std::byte* to)
        : RowStage(RowKind::of(o.slot)), in_(o.in), columns_(o.weight->columns), form_(form), to_(to) {}
    std::string_view part() const override { return "round"; }

  private:
    void run_rows(const backend::Step&, Range rows) const override {
        const std::uint64_t first = rows.first * columns_, last = rows.last * columns_;
        if (form_ == Input::bf16) {
            auto* out = reinterpret_cast<std::uint16_t*>(to_);
            for (std::uint64_t i = first; i < last; ++i) out[i] = f32_to_bf16(in_[i]);
        } else {
            auto* out = reinterpret_cast<float*>(to_);
            for (std::uint64_t i = first; i < last; ++i) out[i] = bf16_to_f32(f32_to_bf16(in_[i]));
        }
    }

    const float* in_;
    std::uint64_t columns_;
    Input form_;
    std::byte* to_;
};

struct DenseWeight {
    LinearOperands operands;
    DType type = DType::f32;  // of the data: f32 where it was widened
    DenseKernel kernel = nullptr;
    // For many rows, by thread: each its share of the outputs, null where that is empty. Nothing: not taken.
    std::vector<std::unique_ptr<onednn::Matmul>> many;
};

// Outputs that a thread of a product with many rows computes, in whole cache lines.
Range outputs_of(const backend::WeightInfo& weight, Worker worker) {
    constexpr std::uint64_t unit = 16;
    const Range units = range_of(div_up(weight.rows, unit), worker);
    return {std::min(units.first * unit, weight.rows), std::min(units.last * unit, weight.rows)};
}

class DenseLinearStage final : public Stage {
  public:
    DenseLinearStage(Input form, const std::byte* scratch, std::vector<DenseWeight> weights)
        : weights_(std::move(weights)) {
        const LinearOperands& any = weights_.front().operands;
        slot_ = any.slot;
        groups_ = any.groups;
        columns_ = any.weight->columns;
        element_ = form == Input::bf16 ? 2 : 4;
        in_ = form == Input::f32 ? reinterpret_cast<const std::byte*>(any.in) : scratch;
        all_many_ = std::all_of(weights_.begin(), weights_.end(),
                                [](const DenseWeight& w) { return !w.many.empty(); });
    }

    void run(const backend::Step& step, Worker worker) const override {
        const std::uint64_t rows = step.rows(slot_);
        if (!all_many_ || rows < many_rows) return share_out(rows, worker);
        for (const DenseWeight& w : weights_) {
            const Range mine = outputs_of(*w.operands.weight, worker);
            const auto& matmul = w.many[static_cast<std::size_t>(worker.thread)];
            if (matmul && !matmul->run(in_, rows, w.operands.out + mine.first))
                multiply(w, 0, mine, {0, rows});
        }
    }

    // From here on oneDNN is faster. Measured on one core of Zen 5, weights 1536 x 576 and 1024 x 2048,
    // Gflop/s own and oneDNN: f32 at 32 rows 162 and 161, 110 and 156; bf16 at 32 rows 307 and 315, 289 and
    // 312, at 128 rows 314 and 400.
    static constexpr std::uint64_t many_rows = 32;

  private:
    static constexpr std::uint64_t chunk_bytes =
        256 * 1024;  // of activations, to stay in the second-level cache

    // Threads take contiguous shares of (matrix, chunk of its rows, weight, strip of outputs), in this order.
    void share_out(std::uint64_t rows, Worker worker) const {
        std::uint64_t strips = 0, chunks = 0;
        for (const DenseWeight& w : weights_) strips += div_up(w.operands.weight->rows, dense_strip);
        for_each_chunk(rows, [&](std::uint64_t, Range) { ++chunks; });
        const Range mine = range_of(strips * chunks, worker);
        std::uint64_t at = 0;
        for_each_chunk(rows, [&](std::uint64_t matrix, Range chunk) {
            for (const DenseWeight& w : weights_) {
                const std::uint64_t outputs = w.operands.weight->rows, count = div_up(outputs, dense_strip);
                const std::uint64_t first = mine.first > at ? mine.first - at : 0;
                const std::uint64_t last = mine.last > at ? std::min(mine.last - at, count) : 0;
                if (first < last)
                    multiply(w, matrix, {first * dense_strip, std::min(last * dense_strip, outputs)}, chunk);
                at += count;
            }
        });
    }

    template <class Visit>
    void for_each_chunk(std::uint64_t rows, Visit visit) const {
        const std::uint64_t size = std::max<std::uint64_t>(chunk_bytes / (columns_ * element_) / 6 * 6, 6);
        for (std::uint64_t m = 0; m < groups_.matrices; ++m) {
            const Range group = groups_.of(m, rows);
            for (std::uint64_t row = group.first; row < group.last; row += size)
                visit(m, Range{row, std::min(row + size, group.last)});
        }
    }

    void multiply(const DenseWeight& w, std::uint64_t matrix, Range outputs, Range rows) const {
        const LinearOperands& o = w.operands;
        const std::uint64_t stride = o.weight->rows, first = matrix * stride + outputs.first;
        w.kernel({.weights = o.data + row_bytes(w.type, first * columns_),
                  .outputs = outputs.last - outputs.first,
                  .columns = columns_,
                  .activations = in_ + rows.first * columns_ * element_,
                  .rows = rows.last - rows.first,
                  .bias = o.bias ? o.bias + first : nullptr,
                  .out = o.out + rows.first * stride + outputs.first,
                  .out_stride = stride});
    }

    std::vector<DenseWeight> weights_;
    backend::SlotInfo slot_;
    RowGroups groups_;
    std::uint64_t columns_ = 0;
    std::uint64_t element_ = 4;  // bytes of an activation
    const std::byte* in_ = nullptr;
    bool all_many_ = false;
};

DenseKernel kernel_for(const DenseKernels& kernels, DType type, Input form) {
    if (form == Input::bf16) return kernels.bf16_pairs;
    return type == DType::f32 ? kernels.f32 : type == DType::f16 ? kernels.f16 : kernels.bf16;
}

DType data_type(const backend::WeightInfo& weight) {
    const DType type = layout_of(weight) == Layout::f32 ? DType::f32 : weight.type;
    if (is_float(type)) return type;
    linear_errors.fail(ErrorCode::unsupported, weight.name, "packed blocks, f32, f16 or bf16",
                       std::string(info(type).name) + " as in the file");
}

// Pairs of bf16 need their instruction.
Input input_form(backend::Precision input, DType type, const Builder& b) {
    if (input == backend::Precision::f32) return Input::f32;
    return type == DType::bf16 && usable(Isa::avx512_bf16, b.isa()) ? Input::bf16 : Input::rounded;
}

// One for each thread, all or none.
std::vector<std::unique_ptr<onednn::Matmul>> matmuls(const LinearOperands& o, DType type, const Builder& b,
                                                     std::string& refusal) {
    std::vector<std::unique_ptr<onednn::Matmul>> out;
    for (int thread = 0; thread < b.threads(); ++thread) {
        const Range mine = outputs_of(*o.weight, {thread, b.threads()});
        out.push_back(nullptr);
        if (mine.first == mine.last) continue;
        out.back() = onednn::make_matmul({.type = type,
                                          .outputs = mine.last - mine.first,
                                          .columns = o.weight->columns,
                                          .weights = o.data + row_bytes(type, mine.first * o.weight->columns),
                                          .bias = o.bias ? o.bias + mine.first : nullptr,
                                          .max_rows = o.max_rows,
                                          .out_stride = o.weight->rows},
                                         b.isa(), refusal);
        if (!out.back()) return {};
    }
    return out;
}

void choose_onednn(const Builder& b, Input form, DenseWeight& w, Refusals& refusals) {
    const LinearOperands& o = w.operands;
    const bool same_types = w.type == (form == Input::bf16 ? DType::bf16 : DType::f32);
    std::string refusal;
    if (!same_types) {
        refusal = "no product of " + std::string(info(w.type).name) + " by " +
                  (form == Input::bf16 ? "bf16" : "f32");
    } else if (b.program().row_invariant) {
        refusal = "results that depend on the rows beside";
    } else if (o.weight->matrices > 1) {
        refusal = "several matrices";
    } else if (o.max_rows < DenseLinearStage::many_rows) {
        refusal = "fewer than " + std::to_string(DenseLinearStage::many_rows) + " rows";
    } else {
        w.many = matmuls(o, w.type, b, refusal);
    }
    if (w.many.empty()) refusals.add("onednn", refusal);
}

DenseWeight choose(const LinearOperands& o, DType type, Input form, Builder& b) {
    DenseWeight w{.operands = o, .type = type, .kernel = nullptr, .many = {}};
    Refusals refusals;
    if (!b.measures()) choose_onednn(b, form, w, refusals);
    const auto* level = first_level(dense_levels(), [&](const Level<DenseKernels>& candidate) {
        if (kernel_for(candidate.kernels, type, form)) return b.allows(candidate.isa, refusals);
        if (candidate.isa == Isa::avx512_bf16)
            refusals.add(std::string(to_string(candidate.isa)), "only for pairs of bf16");
        return false;
    });
    w.kernel = kernel_for(level->kernels, type, form);
    const std::string dense = fmt::format("dense {}", to_string(level->isa));
    report_linear(
        *o.weight,
        w.many.empty() ? dense : fmt::format("onednn from {} rows, {}", DenseLinearStage::many_rows, dense),
        refusals, b);
    return w;
}

}  // namespace

void build_dense(const LinearGroup& group, Builder& b) {
    const LinearOperands& any = group.linears.front();
    for (const Input form : {Input::f32, Input::rounded, Input::bf16}) {
        std::vector<DenseWeight> weights;
        for (const LinearOperands& o : group.linears) {
            const DType type = data_type(*o.weight);
            if (input_form(o.input, type, b) == form) weights.push_back(choose(o, type, form, b));
        }
        if (weights.empty()) continue;
        b.begin_group();
        std::byte* scratch = nullptr;
        if (form != Input::f32) {
            const std::uint64_t element = form == Input::bf16 ? sizeof(std::uint16_t) : sizeof(float);
            scratch = b.scratch(any.max_rows * any.weight->columns * element);
            b.add(std::make_unique<RoundStage>(any, form, scratch));
        }
        b.add(std::make_unique<DenseLinearStage>(form, scratch, std::move(weights)));
    }
}

}  // namespace lamina::cpu
