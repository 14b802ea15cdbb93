// Dense weights x activations: tiles of W weight rows x A activation rows, each sum one vector of partial
// sums along the columns. Every output is summed in the same order whatever tile it falls into.
#pragma once

#include "cpu/kernels/linear_task.hpp"
#include "cpu/kernels/peak.hpp"
#include "cpu/kernels/unroll.hpp"

namespace lamina::cpu {
namespace {

// How a kernel reads its operands through a vector class V (vector_scalar.hpp): elements for one mul_add at a
// time. Operands that are not `converted` need no register: instructions take them from memory.
template <class V>
struct F32Operand {
    using Element = float;
    static constexpr bool converted = false;
    static LAMINA_INLINE auto load(const float* p) { return V::load(p); }
    static LAMINA_INLINE auto load_part(const float* p, size_t n) { return V::load_part(p, n); }
};
template <class V>
struct F16Operand {
    using Element = uint16_t;
    static constexpr bool converted = true;
    static LAMINA_INLINE auto load(const uint16_t* p) { return V::load_f16(p); }
    static LAMINA_INLINE auto load_part(const uint16_t* p, size_t n) {
        uint16_t part[V::width] = {};
        for (size_t i = 0; i < n; ++i) part[i] = p[i];
        return V::load_f16(part);
    }
};
template <class V>
struct Bf16Operand {
    using Element = uint16_t;
    static constexpr bool converted = true;
    static LAMINA_INLINE auto load(const uint16_t* p) { return V::load_bf16(p); }
    static LAMINA_INLINE auto load_part(const uint16_t* p, size_t n) {
        uint16_t part[V::width] = {};
        for (size_t i = 0; i < n; ++i) part[i] = p[i];
        return V::load_bf16(part);
    }
};

// A product of operands: `step` columns at a time into a vector of partial sums.
template <class V, class WeightOperand>
struct WidenedProduct {
    using Vector = V;
    using Weight = WeightOperand;
    using Input = F32Operand<V>;
    using Sum = typename V::Vec;
    static constexpr size_t step = V::width;
    static constexpr size_t registers = V::registers;
    template <class A, class B>
    static LAMINA_INLINE Sum add(Sum sum, A w, B x) {
        return V::mul_add(w, x, sum);
    }
};

template <class P, int W, int A>
LAMINA_INLINE void dense_tile(const DenseTask& t, uint64_t output, uint64_t row) {
    using Weight = typename P::Weight;
    using Input = typename P::Input;
    const auto* w = static_cast<const typename Weight::Element*>(t.weights) + output * t.columns;
    const auto* x = static_cast<const typename Input::Element*>(t.activations) + row * t.columns;
    const uint64_t columns = t.columns, whole = columns / P::step * P::step;
    typename P::Sum sum[W][A];
    LAMINA_UNROLL
    for (int i = 0; i < W; ++i) {
        LAMINA_UNROLL
        for (int j = 0; j < A; ++j) sum[i][j] = P::Vector::zero();
    }
    const auto products = [&](auto load_weight, auto load_input) __attribute__((always_inline)) {
        decltype(load_weight(uint64_t{0})) in[W];
        LAMINA_UNROLL
        for (int i = 0; i < W; ++i) in[i] = load_weight(static_cast<uint64_t>(i) * columns);
        LAMINA_UNROLL
        for (int j = 0; j < A; ++j) {
            const auto value = load_input(static_cast<uint64_t>(j) * columns);
            LAMINA_UNROLL
            for (int i = 0; i < W; ++i) sum[i][j] = P::add(sum[i][j], in[i], value);
        }
    };
    for (uint64_t c = 0; c < whole; c += P::step) {
        products(
            [&](uint64_t at) __attribute__((always_inline)) { return Weight::load(w + at + c); },
            [&](uint64_t at) __attribute__((always_inline)) { return Input::load(x + at + c); });
    }
    if (const size_t left = columns - whole; left != 0) {
        products(
            [&](uint64_t at)
                __attribute__((always_inline)) { return Weight::load_part(w + at + whole, left); },
            [&](uint64_t at)
                __attribute__((always_inline)) { return Input::load_part(x + at + whole, left); });
    }
    LAMINA_UNROLL
    for (int j = 0; j < A; ++j) {
        float* out = t.out + (row + static_cast<uint64_t>(j)) * t.out_stride + output;
        LAMINA_UNROLL
        for (int i = 0; i < W; ++i) {
            const float value = P::Vector::sum(sum[i][j]);
            out[i] = t.bias ? value + t.bias[output + static_cast<uint64_t>(i)] : value;
        }
    }
}

template <class P, int A>
void dense_rows(const DenseTask& t, uint64_t output, uint64_t outputs, uint64_t row) {
    for (uint64_t last = output + outputs; output < last;) {
        if (last - output >= dense_strip) {
            dense_tile<P, dense_strip, A>(t, output, row);
            output += dense_strip;
        } else {
            dense_tile<P, 1, A>(t, output, row);
            ++output;
        }
    }
}

// Weights of a strip stay in the nearest cache while the rows of activations pass.
template <class P>
void dense_panel(const DenseTask& t) {
    constexpr int most = P::registers >= 32 ? 6 : P::registers >= 16 && !P::Weight::converted ? 3 : 2;
    for (uint64_t output = 0; output < t.outputs; output += dense_strip) {
        const uint64_t left = t.outputs - output, outputs = left < dense_strip ? left : dense_strip;
        uint64_t row = 0;
        for (; row + most <= t.rows; row += most) dense_rows<P, most>(t, output, outputs, row);
        if constexpr (most > 4) {
            if (t.rows - row >= 4) {
                dense_rows<P, 4>(t, output, outputs, row);
                row += 4;
            }
        }
        if (most > 2 && t.rows - row >= 2) {
            dense_rows<P, 2>(t, output, outputs, row);
            row += 2;
        }
        if (t.rows - row == 1) dense_rows<P, 1>(t, output, outputs, row);
    }
}

template <class V>
constexpr DenseKernels dense_kernels() {
    return {&dense_panel<WidenedProduct<V, F32Operand<V>>>, &dense_panel<WidenedProduct<V, F16Operand<V>>>,
            &dense_panel<WidenedProduct<V, Bf16Operand<V>>>, nullptr,
            dense_peak<WidenedProduct<V, F32Operand<V>>>()};
}

}  // namespace
}  // namespace lamina::cpu
