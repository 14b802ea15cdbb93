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
    FloatKernels k = {};
    k.rms_norm = Rows::rms_norm;
    k.layer_norm = Rows::layer_norm;
    k.rotate_halves = Rows::rotate_halves;
    k.rotate_interleaved = Rows::rotate_interleaved;
    k.to_f16 = Rows::to_f16;
    k.to_bf16 = Rows::to_bf16;
    k.silu = Rows::silu;
    k.gelu = Rows::gelu;
    k.gelu_tanh = Rows::gelu_tanh;
    k.relu = Rows::relu;
    k.relu_squared = Rows::relu_squared;
    k.clamped_swiglu = Rows::clamped_swiglu;
    k.add = Rows::add;
    k.multiply = Rows::multiply;
    k.soft_cap = Rows::soft_cap;
    k.attend = Attend<V>::attend;
    k.attend_prefill = AttendPrefill<V, FloatProducts<V, false>>::attend;
    k.attend_prefill_as_decode = AttendPrefill<V, FloatProducts<V, true>>::attend;
    k.combine = Attend<V>::combine;
    return k;
}

}  // namespace
}  // namespace lamina::cpu
