#include "cpu/ops/elementwise.hpp"

namespace lamina::cpu {

using namespace backend;

void build(const Add& op, Builder& b) {
    const SlotInfo& slot = b.slot("add", op.a);
    for (const Slot other : {op.b, op.out}) {
        const SlotInfo& info = b.slot("add", other);
        errors.require(info == slot, "add", "slots of one shape", "different ones");
    }
    const float *left = b.slot_data(op.a), *right = b.slot_data(op.b);
    float* result = b.slot_data(op.out);
    const auto kernel = float_kernels(b.isa()).add;
    const float scale = op.scale;
    const auto work = [=](std::uint64_t first, std::uint64_t count) {
        kernel(left + first, right + first, scale, result + first, count);
    };
    add_element_stage(slot, work, b);
    b.report("add");
}

}  // namespace lamina::cpu
