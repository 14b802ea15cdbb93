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
    static constexpr bool wants_offsets = false;  // dot_signed takes codes + 128 and start puts that right

    struct F {
        float v[16];
    };
    struct Codes {
        int8_t v[64];
    };  // four consecutive inputs of each output
    struct Sum {
        int32_t v[16];
    };
    using Partial = Sum;  // what dot_unsigned adds up over unsigned_steps steps

    // Vector number p of the 64 bytes at `at`.
    static Codes load_codes(const uint8_t* at, int) {
        Codes c;
        __builtin_memcpy(c.v, at, 64);
        return c;
    }
    // Bits of each byte moved right (left where negative); what comes in from neighbours is not defined.
    template <int right>
    static Codes shifted(Codes c) {
        for (auto& v : c.v) {
            const auto bits = static_cast<unsigned>(static_cast<uint8_t>(v));
            if constexpr (right > 0) v = static_cast<int8_t>(bits >> right);
            if constexpr (right < 0) v = static_cast<int8_t>(bits << -right);
        }
        return c;
    }
    template <int bits>
    static Codes masked(Codes c) {
        for (auto& v : c.v) v = static_cast<int8_t>(v & bits);
        return c;
    }
    template <int bits>  // high & bits | low
    static Codes merged(Codes high, const Codes& low) {
        for (int i = 0; i < 64; ++i) high.v[i] = static_cast<int8_t>((high.v[i] & bits) | low.v[i]);
        return high;
    }
    template <quant::CodeLevels levels>  // as dot_signed wants them
    static Codes level(Codes indices) {
        const int8_t* table = levels == quant::CodeLevels::iq4 ? quant::iq4_levels : quant::fp4_levels;
        for (auto& v : indices.v) v = table[v];
        return indices;
    }
    // Four activation codes, for every output.
    static const int8_t* broadcast_codes(const int8_t* a) { return a; }

    static Sum start() { return {}; }
    template <int right>
    static Sum start(const int32_t* offset) {
        Sum sum;
        for (auto& v : sum.v) v = *offset >> right;
        return sum;
    }
    static Codes prepare_signed(Codes c) { return c; }      // signed codes as dot_signed wants them
    static constexpr int unsigned_steps(int) { return 8; }  // by the bits of a code
    static Partial partial(const Sum& sum) { return sum; }  // where dot_unsigned starts
    template <bool alone>                                   // alone: the sum is zero
    static Sum joined(const Sum&, const Partial& partial) {
        return partial;
    }
    static Partial dot_unsigned(Partial sum, const Codes& w, const int8_t* a) {
        return dot_signed(sum, w, a);
    }
    static Sum dot_signed(Sum sum, const Codes& w, const int8_t* a) {
        for (int n = 0; n < 16; ++n) {
            sum.v[n] +=
                w.v[4 * n] * a[0] + w.v[4 * n + 1] * a[1] + w.v[4 * n + 2] * a[2] + w.v[4 * n + 3] * a[3];
        }
        return sum;
    }
    static F value(const Sum& sum) {
        F f;
        for (int n = 0; n < 16; ++n) f.v[n] = static_cast<float>(sum.v[n]);
        return f;
    }

    static F zero() { return {}; }
    static float broadcast(const float* x) { return *x; }
    // Vector number p of the 16 scales at `at`: of type f16, f32, signed bytes, fields of bytes, exponents.
    static F load_f16(const uint8_t* at, int) {
        uint16_t bits[16];
        __builtin_memcpy(bits, at, sizeof(bits));
        F f;
        for (int n = 0; n < 16; ++n) f.v[n] = f16_to_f32(bits[n]);
        return f;
    }
    static F load_f32(const uint8_t* at, int) {
        F f;
        __builtin_memcpy(f.v, at, sizeof(f.v));
        return f;
    }
    static F load_level(const uint8_t* at, int) {
        F f;
        for (int n = 0; n < 16; ++n) f.v[n] = static_cast<float>(static_cast<int8_t>(at[n]));
        return f;
    }
    template <int mask, int right>
    static F load_level(const uint8_t* at, int) {
        F f;
        for (int n = 0; n < 16; ++n) f.v[n] = static_cast<float>((at[n] >> right) & mask);
        return f;
    }
    static F load_e8m0(const uint8_t* at, int) {
        F f;
        for (int n = 0; n < 16; ++n) {
            const uint32_t bits = at[n] < 2 ? 0x00200000u << at[n] : (at[n] - 1u) << 23;
            __builtin_memcpy(&f.v[n], &bits, sizeof(bits));
        }
        return f;
    }
    static F mul(F a, const F& b) {
        for (int n = 0; n < 16; ++n) a.v[n] *= b.v[n];
        return a;
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
    static F fnma(const F& a, float b, F c) {
        for (int n = 0; n < 16; ++n) c.v[n] -= a.v[n] * b;
        return c;
    }
    static void store(float* out, const F& f) { __builtin_memcpy(out, f.v, sizeof(f.v)); }

    // A column block as quant::quantize_row does it: 32 codes, their sums by halves; returns the scale.
    static float quantize(const float* x, int8_t* codes, int32_t* halves) {
        float scale = 0.0f;
        quant::quantize_row(x, block_columns, codes, &scale, halves);
        return scale;
    }
};

}  // namespace
}  // namespace lamina::cpu
