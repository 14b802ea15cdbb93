#include "cpu/ops/elementwise.hpp"

namespace lamina::cpu {

using namespace backend;

void build(const Scale& op, Builder& b) {
    const SlotInfo& slot = b.slot("scale", op.x);
    errors.require(op.cap >= 0.0f, "scale", "a cap of 0 or more", op.cap);
    float* x = b.slot_data(op.x);
    const FloatKernels& kernels = float_kernels(b.isa());
    const auto work = [x, op, &kernels](std::uint64_t first, std::uint64_t count) {
        if (op.cap > 0.0f) {
            kernels.soft_cap(x + first, op.scale, op.cap, x + first, count);
        } else {
            kernels.multiply(x + first, op.scale, x + first, count);
        }
    };
    add_element_stage(slot, work, b);
    b.report(op.cap > 0.0f ? "scale with cap" : "scale");
}

}  // namespace lamina::cpu
