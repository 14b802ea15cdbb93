// The kernels of the ops on f32 rows, one table an instruction set.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cpu/kernels/attend_block.hpp"

namespace lamina::cpu {

// What they compute is said where they are written: rows.hpp, attend.hpp and attend_prefill.hpp.
struct FloatKernels {
    using Activation = void (*)(const float* gate, const float* up, float* out, size_t count);

    void (*rms_norm)(const float* in, const float* weight, float* out, size_t count, float epsilon);
    void (*layer_norm)(const float* in, const float* weight, const float* bias, float* out, size_t count,
                       float epsilon);
    void (*rotate_halves)(float* x, const float* cosines, const float* sines, size_t pairs);
    void (*rotate_interleaved)(float* x, const float* cosines, const float* sines, size_t pairs);
    void (*to_f16)(const float* in, uint16_t* out, size_t count);
    void (*to_bf16)(const float* in, uint16_t* out, size_t count);
    Activation silu, gelu, gelu_tanh, relu, relu_squared, clamped_swiglu;
    void (*add)(const float* a, const float* b, float scale, float* out, size_t count);
    void (*multiply)(const float* in, float scale, float* out, size_t count);
    void (*soft_cap)(const float* in, float scale, float cap, float* out, size_t count);
    void (*attend)(const AttendBlock& block);
    void (*attend_prefill)(const AttendBlock& block);
    void (*attend_prefill_as_decode)(const AttendBlock& block);  // the bits of attend
    void (*combine)(const AttendBlock& block);
};

// As FloatKernels::attend_prefill, of operands rounded to bf16.
using AttendKernel = void (*)(const AttendBlock&);
extern const AttendKernel attend_pairs_avx512, attend_pairs_amx;

extern const FloatKernels float_kernels_scalar, float_kernels_avx2, float_kernels_avx512;

}  // namespace lamina::cpu
