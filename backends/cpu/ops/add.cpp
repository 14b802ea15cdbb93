#include "cpu/ops/elementwise.hpp"

namespace lamina::cpu {

using namespace backend;

void add_add(const BuildContext& context, const Add& op, Stages& out) {
    const SlotInfo& slot = slot_info(context, "add", op.a);
    for (const Slot other : {op.b, op.out}) {
        const SlotInfo& info = slot_info(context, "add", other);
        expect(info == slot, "add", "slots of one shape", "different ones");
    }
    const auto& slots = context.memory->slots;
    const float* a = slots[op.a];
    const float* b = slots[op.b];
    float* result = slots[op.out];
    const auto kernel = float_kernels(context.isa).add;
    const float scale = op.scale;
    const auto work = [=](std::uint64_t first, std::uint64_t count) {
        kernel(a + first, b + first, scale, result + first, count);
    };
    add_element_stage(slot, work, out);
    add_report(context, "add");
}

}  // namespace lamina::cpu
