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

}  // namespace

ActivateOperands activate_operands(const Activate& op, const Builder& b) {
    const SlotInfo& slot = b.slot("activate", op.gate);
    const auto same = [&](Slot other) {
        const SlotInfo& info = b.slot("activate", other);
        return info == slot;
    };
    errors.require(same(op.out) && (!op.gated || same(op.up)), "activate", "slots of one shape",
                   "different ones");
    errors.require(op.gated || op.kind != Activation::clamped_swiglu, "activate",
                   "clamped_swiglu with a gate", "none");
    const auto kernel = kernel_of(float_kernels(b.isa()), op.kind);
    errors.require(kernel != nullptr, "activate", "a known activation", static_cast<int>(op.kind));
    return {.kernel = kernel,
            .gate = b.slot_data(op.gate),
            .up = op.gated ? b.slot_data(op.up) : nullptr,
            .out = b.slot_data(op.out)};
}

void build(const Activate& op, Builder& b) {
    const ActivateOperands o = activate_operands(op, b);
    const auto work = [o](std::uint64_t first, std::uint64_t count) {
        o.kernel(o.gate + first, o.up == nullptr ? nullptr : o.up + first, o.out + first, count);
    };
    add_element_stage(b.slot("activate", op.out), work, b);
    report_activate(op, {}, b);
}

void report_activate(const Activate& op, std::string_view where, Builder& b) {
    b.report(std::string("activate ") + name(op.kind),
             std::string(to_string(float_isa(b.isa()))).append(where));
}

}  // namespace lamina::cpu
