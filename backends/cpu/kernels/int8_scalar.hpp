// The vector class of packed_panel.hpp in plain C++: what it documents, the SIMD ones do.
#pragma once

#include "base/half.hpp"
#include "cpu/kernels/linear_task.hpp"
#include "quant/activations.hpp"

namespace lamina::cpu {
namespace {

struct Int8Scalar {
    static constexpr int lanes = 16;              // outputs of a vector: 16 or a divisor of it
    static constexpr uint32_t max_block = 1;      // rows of activations in registers
    static constexpr int max_sums = 1;            // vectors of sums in registers
    static constexpr bool wants_offsets = false;  // dot8 takes codes + 128 and start8 puts that right

    struct F {
        float v[16];
    };
    struct Codes {
        int8_t v[64];
    };  // four consecutive inputs of each output
    struct Sum {
        int32_t v[16];
    };
    using Sum4 = Sum;  // what dot4 adds up over a group
    using Sum8 = Sum;  // what dot8 adds up over a group

    // Vector number p of the 64 bytes at `at`.
    static Codes load_codes(const uint8_t* at, int) {
        Codes c;
        __builtin_memcpy(c.v, at, 64);
        return c;
    }
    static Codes low_nibbles(Codes c) {
        for (auto& v : c.v) v = static_cast<int8_t>(v & 15);
        return c;
    }
    static Codes high_nibbles(Codes c) {
        for (auto& v : c.v) v = static_cast<int8_t>((v >> 4) & 15);
        return c;
    }
    // Four activation codes, for every output.
    static const int8_t* broadcast_codes(const int8_t* a) { return a; }

    static Sum start4() { return {}; }
    static Sum start8(const int32_t*) { return {}; }
    static Codes prepare8(Codes c) { return c; }  // signed codes as dot8 wants them
    static Sum dot4(Sum sum, const Codes& w, const int8_t* a) { return dot8(sum, w, a); }
    static Sum dot8(Sum sum, const Codes& w, const int8_t* a) {
        for (int n = 0; n < 16; ++n) {
            sum.v[n] +=
                w.v[4 * n] * a[0] + w.v[4 * n + 1] * a[1] + w.v[4 * n + 2] * a[2] + w.v[4 * n + 3] * a[3];
        }
        return sum;
    }
    static F value4(const Sum& sum) { return value8(sum); }
    static F value8(const Sum& sum) {
        F f;
        for (int n = 0; n < 16; ++n) f.v[n] = static_cast<float>(sum.v[n]);
        return f;
    }

    static F zero() { return {}; }
    static float broadcast(const float* x) { return *x; }
    // Vector number p of the 16 factors at `at`.
    template <bool f16>
    static F load_factor(const uint8_t* at, int) {
        F f;
        if constexpr (f16) {
            uint16_t bits[16];
            __builtin_memcpy(bits, at, sizeof(bits));
            for (int n = 0; n < 16; ++n) f.v[n] = f16_to_f32(bits[n]);
        } else {
            __builtin_memcpy(f.v, at, sizeof(f.v));
        }
        return f;
    }
    static F mul(F a, float b) {
        for (float& v : a.v) v *= b;
        return a;
    }
    static F fma(const F& a, const F& b, F c) {
        for (int n = 0; n < 16; ++n) c.v[n] += a.v[n] * b.v[n];
        return c;
    }
    static F fma(const F& a, float b, F c) {
        for (int n = 0; n < 16; ++n) c.v[n] += a.v[n] * b;
        return c;
    }
    static void store(float* out, const F& f) { __builtin_memcpy(out, f.v, sizeof(f.v)); }

    // A granule as quant::quantize_row does it: 32 codes, their sums by halves; returns the scale.
    static float quantize(const float* x, int8_t* codes, int32_t* halves) {
        float scale = 0.0f;
        quant::quantize_row(x, granule, codes, &scale, halves);
        return scale;
    }
};

}  // namespace
}  // namespace lamina::cpu
