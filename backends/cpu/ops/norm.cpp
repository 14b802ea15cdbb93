#include "cpu/ops/ops.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

class NormStage final : public RowStage {
  public:
    NormStage(const Norm& op, SlotInfo slot, const float* in, float* out, const float* weight,
              const float* bias, std::uint64_t weights, const FloatKernels& kernels)
        : RowStage(RowKind::of(slot)),
          op_(op),
          in_row_(slot.width / op.group),
          in_(in),
          out_(out),
          weight_(weight),
          bias_(bias),
          weights_(weights),
          kernels_(kernels) {}

  private:
    void run_rows(const Step&, Range rows) const override {
        for (std::uint64_t g = rows.first * in_row_; g < rows.last * in_row_; ++g) {
            const float* in = in_ + g * op_.group;
            float* out = out_ + g * op_.group;
            const std::uint64_t first = g * op_.group % weights_;
            if (op_.centered) {
                kernels_.layer_norm(in, weight_ + first, bias_ == nullptr ? nullptr : bias_ + first, out,
                                    op_.group, op_.epsilon);
            } else {
                kernels_.rms_norm(in, weight_ + first, out, op_.group, op_.epsilon);
            }
        }
    }

    Norm op_;
    std::uint64_t in_row_;  // groups
    const float* in_;
    float* out_;
    const float* weight_;
    const float* bias_;
    std::uint64_t weights_;  // of a group or of a row
    const FloatKernels& kernels_;
};

}  // namespace

void build(const Norm& op, Builder& b) {
    const SlotInfo& in = b.slot("norm", op.in);
    const SlotInfo& result = b.slot("norm", op.out);
    errors.require(in == result, "norm", "slots of one shape", "different ones");
    errors.require(op.group > 0 && in.width % op.group == 0, "norm",
                   "a group that divides " + std::to_string(in.width), op.group);
    errors.require(op.bias == no_weight || op.centered, "norm", "a bias only with a centered norm",
                   "one without");
    const auto& all = b.program().weights;
    const bool whole = op.weight < all.size() && all[op.weight].values() == in.width;
    const std::uint64_t weights = whole ? in.width : op.group;
    const float* weight = b.vector("norm", op.weight, weights);
    const float* bias = op.bias == no_weight ? nullptr : b.vector("norm", op.bias, weights);
    b.add(std::make_unique<NormStage>(op, in, b.slot_data(op.in), b.slot_data(op.out), weight, bias, weights,
                                      float_kernels(b.isa())));
    b.report("norm [" + std::to_string(op.group) + "]");
}

}  // namespace lamina::cpu
