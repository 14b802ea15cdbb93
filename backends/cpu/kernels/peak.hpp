// Multiplications and additions from registers and the nearest cache: the rate that kernels are held against.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cpu/kernels/linear_task.hpp"
#include "cpu/kernels/unroll.hpp"

namespace lamina::cpu {
namespace {

// More sums than a multiplier has steps, and few enough to stay in 16 registers.
constexpr int peak_sums = 12;
constexpr int peak_steps = 4;  // a round and sum
static_assert(peak_bytes == 64 * peak_sums * peak_steps);

// An own operand for every product of a round, read anew: else the compiler computes sums that begin alike
// once and takes products out of the loop.
inline const uint8_t* operand(const uint8_t* data, int sum, int step) {
    return data + 64 * (sum * peak_steps + step);
}

// Products of codes as the kernels of 4-bit codes make them (packed_panel.hpp).
// `out`: 16 floats that come to depend on all sums.
template <class V>
void peak_int8(uint64_t rounds, const uint8_t* data, float* out) {
    const auto w = V::template masked<0x0F>(V::load_codes(data, 0));
    typename V::Sum sums[peak_sums];
    LAMINA_UNROLL
    for (int i = 0; i < peak_sums; ++i) sums[i] = V::start();
    for (uint64_t round = 0; round < rounds; ++round) {
        asm volatile("" ::: "memory");
        LAMINA_UNROLL
        for (int i = 0; i < peak_sums; ++i) {
            auto partial = V::partial(sums[i]);
            LAMINA_UNROLL
            for (int step = 0; step < peak_steps; ++step)
                partial = V::dot_unsigned(
                    partial, w, V::broadcast_codes(reinterpret_cast<const int8_t*>(operand(data, i, step))));
            sums[i] = V::template joined<false>(sums[i], partial);
        }
    }
    auto total = V::zero();
    LAMINA_UNROLL
    for (int i = 0; i < peak_sums; ++i) total = V::fma(V::value(sums[i]), V::broadcast(out), total);
    V::store(out, total);
}

// Products as the dense kernels make them (dense_tile.hpp). P::Input::load takes at most 64 bytes.
template <class P>
void peak_dense(uint64_t rounds, const uint8_t* data, float* out) {
    const auto w = P::Weight::load(reinterpret_cast<const typename P::Weight::Element*>(data));
    typename P::Sum sums[peak_sums];
    LAMINA_UNROLL
    for (int i = 0; i < peak_sums; ++i) sums[i] = P::Vector::zero();
    for (uint64_t round = 0; round < rounds; ++round) {
        asm volatile("" ::: "memory");
        LAMINA_UNROLL
        for (int i = 0; i < peak_sums; ++i) {
            LAMINA_UNROLL
            for (int step = 0; step < peak_steps; ++step) {
                const uint8_t* x = operand(data, i, step);
                sums[i] = P::add(sums[i], w,
                                 P::Input::load(reinterpret_cast<const typename P::Input::Element*>(x)));
            }
        }
    }
    auto total = P::Vector::zero();
    LAMINA_UNROLL
    for (int i = 0; i < peak_sums; ++i) total = P::Vector::add(total, sums[i]);
    P::Vector::store(out, total);
}

template <class P>
constexpr Peak dense_peak() {
    return {&peak_dense<P>, uint64_t{peak_sums} * peak_steps * P::step};
}

}  // namespace
}  // namespace lamina::cpu
