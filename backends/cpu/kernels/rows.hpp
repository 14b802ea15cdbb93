// Kernels over one row or a run of elements, templates over a vector class (vector_scalar.hpp). Every element
// of an element-wise kernel is computed alike wherever it lies in the run, so that results do not depend on
// how threads cut it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cpu/kernels/math.hpp"

namespace lamina::cpu {
namespace {

template <class V>
struct RowKernels {
    using Vec = typename V::Vec;

    // out[i] = f(a[i], b[i]); out may be a or b. What is NaN must stay it, for a fault to be seen: V::min and
    // V::max let it through from their second argument, so values come second and limits first.
    template <class F>
    static void map(const float* a, const float* b, float* out, size_t count, F f) {
        size_t i = 0;
        for (; i + V::width <= count; i += V::width) V::store(out + i, f(V::load(a + i), V::load(b + i)));
        const size_t rest = count - i;
        if (rest != 0) V::store_part(out + i, f(V::load_part(a + i, rest), V::load_part(b + i, rest)), rest);
    }

    // The sum of f over a row, in four running vectors.
    template <class F>
    static float sum(const float* x, size_t count, F f) {
        Vec sums[4] = {V::zero(), V::zero(), V::zero(), V::zero()};
        size_t i = 0;
        for (; i + 4 * V::width <= count; i += 4 * V::width) {
            for (size_t j = 0; j < 4; ++j) sums[j] = V::add(sums[j], f(V::load(x + i + j * V::width)));
        }
        for (; i + V::width <= count; i += V::width) sums[0] = V::add(sums[0], f(V::load(x + i)));
        if (i < count) {
            // Lanes past the end must not count, and f(0) need not be 0.
            const auto inside = V::less(V::indices(), V::broadcast(static_cast<float>(count - i)));
            sums[1] = V::add(sums[1], V::select(inside, f(V::load_part(x + i, count - i)), V::zero()));
        }
        return V::sum(V::add(V::add(sums[0], sums[1]), V::add(sums[2], sums[3])));
    }

    static void rms_norm(const float* in, const float* weight, float* out, size_t count, float epsilon) {
        const float squares = sum(in, count, [](Vec x) { return V::mul(x, x); });
        const Vec factor = V::broadcast(1.0f / root(squares / static_cast<float>(count) + epsilon));
        map(in, weight, out, count, [&](Vec x, Vec w) { return V::mul(V::mul(x, factor), w); });
    }

    static void layer_norm(const float* in, const float* weight, const float* bias, float* out, size_t count,
                           float epsilon) {
        const Vec mean = V::broadcast(sum(in, count, [](Vec x) { return x; }) / static_cast<float>(count));
        const float squares = sum(in, count, [&](Vec x) {
            const Vec centered = V::sub(x, mean);
            return V::mul(centered, centered);
        });
        const Vec factor = V::broadcast(1.0f / root(squares / static_cast<float>(count) + epsilon));
        map(in, weight, out, count, [&](Vec x, Vec w) { return V::mul(V::mul(V::sub(x, mean), factor), w); });
        if (bias != nullptr) map(out, bias, out, count, [](Vec x, Vec b) { return V::add(x, b); });
    }

    // Pairs (x[i], x[i + pairs]) turn by cosines[i], sines[i].
    static void rotate_halves(float* x, const float* cosines, const float* sines, size_t pairs) {
        const auto turn = [](Vec& a, Vec& b, Vec cosine, Vec sine) {
            const Vec turned = V::sub(V::mul(a, cosine), V::mul(b, sine));
            b = V::add(V::mul(a, sine), V::mul(b, cosine));
            a = turned;
        };
        size_t i = 0;
        for (; i + V::width <= pairs; i += V::width) {
            Vec a = V::load(x + i), b = V::load(x + pairs + i);
            turn(a, b, V::load(cosines + i), V::load(sines + i));
            V::store(x + i, a);
            V::store(x + pairs + i, b);
        }
        if (const size_t rest = pairs - i; rest != 0) {
            Vec a = V::load_part(x + i, rest), b = V::load_part(x + pairs + i, rest);
            turn(a, b, V::load_part(cosines + i, rest), V::load_part(sines + i, rest));
            V::store_part(x + i, a, rest);
            V::store_part(x + pairs + i, b, rest);
        }
    }

    // Pairs (x[2i], x[2i+1]) turn: cosines holds each value twice, sines holds -sin, +sin. [2 * pairs] each.
    static void rotate_interleaved(float* x, const float* cosines, const float* sines, size_t pairs) {
        const auto turn = [](Vec v, Vec cosine, Vec sine) {
            return V::add(V::mul(v, cosine), V::mul(V::swap_pairs(v), sine));
        };
        const size_t count = 2 * pairs;
        size_t i = 0;
        for (; i + V::width <= count; i += V::width) {
            V::store(x + i, turn(V::load(x + i), V::load(cosines + i), V::load(sines + i)));
        }
        if (const size_t rest = count - i; rest != 0) {
            const Vec v = turn(V::load_part(x + i, rest), V::load_part(cosines + i, rest),
                               V::load_part(sines + i, rest));
            V::store_part(x + i, v, rest);
        }
    }

    static void to_f16(const float* in, uint16_t* out, size_t count) {
        narrow(in, out, count, [](uint16_t* p, Vec x) { V::store_f16(p, x); });
    }
    static void to_bf16(const float* in, uint16_t* out, size_t count) {
        narrow(in, out, count, [](uint16_t* p, Vec x) { V::store_bf16(p, x); });
    }

    static void silu(const float* gate, const float* up, float* out, size_t count) {
        activate(gate, up, out, count, [](Vec x) { return Math<V>::silu(x); });
    }
    static void gelu(const float* gate, const float* up, float* out, size_t count) {
        activate(gate, up, out, count, [](Vec x) { return Math<V>::gelu(x); });
    }
    static void gelu_tanh(const float* gate, const float* up, float* out, size_t count) {
        activate(gate, up, out, count, [](Vec x) { return Math<V>::gelu_tanh(x); });
    }
    static void relu(const float* gate, const float* up, float* out, size_t count) {
        activate(gate, up, out, count, [](Vec x) { return Math<V>::relu(x); });
    }
    static void relu_squared(const float* gate, const float* up, float* out, size_t count) {
        activate(gate, up, out, count, [](Vec x) { return Math<V>::relu_squared(x); });
    }

    // min(gate, 7) * sigmoid(1.702 min(gate, 7)) * (clamp(up, -7, 7) + 1)
    static void clamped_swiglu(const float* gate, const float* up, float* out, size_t count) {
        const Vec limit = V::broadcast(7.0f), lowest = V::broadcast(-7.0f), slope = V::broadcast(1.702f);
        map(gate, up, out, count, [&](Vec g, Vec u) {
            g = V::min(limit, g);
            u = V::min(limit, V::max(lowest, u));
            // silu(slope * g) = slope * g * sigmoid(slope * g)
            const Vec gated = V::mul(Math<V>::silu(V::mul(g, slope)), V::broadcast(1.0f / 1.702f));
            return V::mul(gated, V::add(u, V::broadcast(1.0f)));
        });
    }

    // a + scale * b
    static void add(const float* a, const float* b, float scale, float* out, size_t count) {
        const Vec factor = V::broadcast(scale);
        map(a, b, out, count, [&](Vec x, Vec y) { return V::mul_add(factor, y, x); });
    }
    static void multiply(const float* in, float scale, float* out, size_t count) {
        const Vec factor = V::broadcast(scale);
        map(in, in, out, count, [&](Vec x, Vec) { return V::mul(x, factor); });
    }
    // cap * tanh(x * scale / cap)
    static void soft_cap(const float* in, float scale, float cap, float* out, size_t count) {
        const Vec factor = V::broadcast(scale / cap), limit = V::broadcast(cap);
        map(in, in, out, count, [&](Vec x, Vec) { return V::mul(limit, Math<V>::tanh(V::mul(x, factor))); });
    }

  private:
    static float root(float x) { return __builtin_sqrtf(x); }

    template <class F>
    static void activate(const float* gate, const float* up, float* out, size_t count, F f) {
        if (up != nullptr) {
            map(gate, up, out, count, [&](Vec g, Vec u) { return V::mul(f(g), u); });
        } else {
            map(gate, gate, out, count, [&](Vec g, Vec) { return f(g); });
        }
    }

    template <class Store>
    static void narrow(const float* in, uint16_t* out, size_t count, Store store) {
        size_t i = 0;
        for (; i + V::width <= count; i += V::width) store(out + i, V::load(in + i));
        if (i == count) return;
        uint16_t last[V::width];
        store(last, V::load_part(in + i, count - i));
        for (size_t j = 0; i + j < count; ++j) out[i + j] = last[j];
    }
};

}  // namespace
}  // namespace lamina::cpu
