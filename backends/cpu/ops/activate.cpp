#include "cpu/ops/elementwise.hpp"

namespace lamina::cpu {

using namespace backend;

namespace {

FloatKernels::Activation kernel_of(const FloatKernels& kernels, Activation kind) {
    switch (kind) {
        case Activation::silu: return kernels.silu;
        case Activation::gelu: return kernels.gelu;
        case Activation::gelu_tanh: return kernels.gelu_tanh;
        case Activation::relu: return kernels.relu;
        case Activation::relu_squared: return kernels.relu_squared;
        case Activation::clamped_swiglu: return kernels.clamped_swiglu;
    }
    return nullptr;
}

const char* name_of(Activation kind) {
    switch (kind) {
        case Activation::silu: return "silu";
        case Activation::gelu: return "gelu";
        case Activation::gelu_tanh: return "gelu_tanh";
        case Activation::relu: return "relu";
        case Activation::relu_squared: return "relu_squared";
        case Activation::clamped_swiglu: return "clamped_swiglu";
    }
    return "?";
}

}  // namespace

void add_activate(const BuildContext& context, const Activate& op, Stages& out) {
    const SlotInfo& slot = slot_info(context, "activate", op.gate);
    const auto same = [&](Slot other) {
        const SlotInfo& info = slot_info(context, "activate", other);
        return info == slot;
    };
    expect(same(op.out) && (!op.gated || same(op.up)), "activate", "slots of one shape", "different ones");
    expect(op.gated || op.kind != Activation::clamped_swiglu, "activate", "clamped_swiglu with a gate",
           "none");
    const auto kernel = kernel_of(float_kernels(context.isa), op.kind);
    expect(kernel != nullptr, "activate", "a known activation", std::to_string(static_cast<int>(op.kind)));
    const auto& slots = context.memory->slots;
    const float* gate = slots[op.gate];
    const float* up = op.gated ? slots[op.up] : nullptr;
    float* result = slots[op.out];
    const auto work = [=](std::uint64_t first, std::uint64_t count) {
        kernel(gate + first, up == nullptr ? nullptr : up + first, result + first, count);
    };
    add_element_stage(slot, work, out);
    add_report(context, std::string("activate ") + name_of(op.kind));
}

}  // namespace lamina::cpu
