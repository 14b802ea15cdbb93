#include <cstring>

#include "cpu/ops/ops.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

class GatherStage final : public Stage {
  public:
    GatherStage(std::uint64_t width, const float* in, float* out) : width_(width), in_(in), out_(out) {}

    void run(const Step& step, Worker worker) const override {
        const Range rows = range_of(step.outputs.size(), worker);
        for (std::uint64_t r = rows.first; r < rows.last; ++r) {
            std::memcpy(out_ + r * width_, in_ + step.outputs[r] * width_, width_ * sizeof(float));
        }
    }
    bool idle(const Step& step) const override { return step.outputs.empty(); }

  private:
    std::uint64_t width_;
    const float* in_;
    float* out_;
};

}  // namespace

void build(const Gather& op, Builder& b) {
    const SlotInfo& in = b.slot("gather", op.in);
    const SlotInfo& result = b.slot("gather", op.out);
    errors.require(in.rows == Rows::all && result.rows == Rows::outputs && in.width == result.width &&
                       in.copies == 1 && result.copies == 1,
                   "gather", "all rows in, output rows of the same width out", "other slots");
    b.add(std::make_unique<GatherStage>(in.width, b.slot_data(op.in), b.slot_data(op.out)));
    b.report("gather");
}

}  // namespace lamina::cpu
