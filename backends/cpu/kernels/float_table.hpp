// Fills a table of float_kernels.hpp with the instances for one vector class.
#pragma once

#include "cpu/kernels/attend.hpp"
#include "cpu/kernels/attend_prefill.hpp"
#include "cpu/kernels/float_kernels.hpp"
#include "cpu/kernels/rows.hpp"

namespace lamina::cpu {
namespace {

template <class V>
constexpr FloatKernels float_table() {
    using Rows = RowKernels<V>;
    // A kernel that is left out is an error of the compiler, no null pointer.
    return {.rms_norm = Rows::rms_norm,
            .layer_norm = Rows::layer_norm,
            .rotate_halves = Rows::rotate_halves,
            .rotate_interleaved = Rows::rotate_interleaved,
            .to_f16 = Rows::to_f16,
            .to_bf16 = Rows::to_bf16,
            .silu = Rows::silu,
            .gelu = Rows::gelu,
            .gelu_tanh = Rows::gelu_tanh,
            .relu = Rows::relu,
            .relu_squared = Rows::relu_squared,
            .clamped_swiglu = Rows::clamped_swiglu,
            .add = Rows::add,
            .multiply = Rows::multiply,
            .soft_cap = Rows::soft_cap,
            .attend = Attend<V>::attend,
            .attend_prefill = AttendPrefill<V, FloatProducts<V, false>>::attend,
            .attend_prefill_as_decode = AttendPrefill<V, FloatProducts<V, true>>::attend,
            .combine = Attend<V>::combine};
}

}  // namespace
}  // namespace lamina::cpu
