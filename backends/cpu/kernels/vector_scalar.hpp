// The vector class that kernels are templates over, in plain C++: this is its documentation, the others
// (vector_avx2.hpp, vector_avx512.hpp) have the same members. Operations work lane by lane unless they say
// otherwise.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/half.hpp"

namespace lamina::cpu {

struct VectorScalar {
    static constexpr size_t width = 4;       // lanes: a power of two, at most 16
    static constexpr size_t registers = 16;  // of the machine: kernels choose their blocks by it
    struct Vec {
        float lane[width];
    };
    struct Mask {
        bool lane[width];
    };

    template <class F>
    static Vec each(F f) {
        Vec out;
        for (size_t i = 0; i < width; ++i) out.lane[i] = f(i);
        return out;
    }

    static Vec zero() { return broadcast(0.0f); }
    static Vec broadcast(float x) {
        return each([&](size_t) { return x; });
    }
    // 0, 1, 2, ...
    static Vec indices() {
        return each([](size_t i) { return static_cast<float>(i); });
    }

    // Memory need not be aligned. load_part reads n < width elements, the other lanes are 0; store_part
    // writes n.
    static Vec load(const float* p) {
        return each([&](size_t i) { return p[i]; });
    }
    static Vec load_part(const float* p, size_t n) {
        return each([&](size_t i) { return i < n ? p[i] : 0.0f; });
    }
    static void store(float* p, Vec x) { store_part(p, x, width); }
    static void store_part(float* p, Vec x, size_t n) {
        for (size_t i = 0; i < n; ++i) p[i] = x.lane[i];
    }
    // Halves and bfloat16 by their bits; stores round to nearest even, NaN stays NaN.
    static Vec load_f16(const uint16_t* p) {
        return each([&](size_t i) { return f16_to_f32(p[i]); });
    }
    static Vec load_bf16(const uint16_t* p) {
        return each([&](size_t i) { return bf16_to_f32(p[i]); });
    }
    // A half at any address, in all lanes; signed bytes.
    static Vec broadcast_f16(const unsigned char* p) {
        uint16_t bits;
        __builtin_memcpy(&bits, p, sizeof bits);
        return broadcast(f16_to_f32(bits));
    }
    static Vec load_i8(const unsigned char* p) {
        return each([&](size_t i) { return static_cast<float>(static_cast<int8_t>(p[i])); });
    }
    static void store_f16(uint16_t* p, Vec x) {
        for (size_t i = 0; i < width; ++i) p[i] = f32_to_f16(x.lane[i]);
    }
    static void store_bf16(uint16_t* p, Vec x) {
        for (size_t i = 0; i < width; ++i) p[i] = f32_to_bf16(x.lane[i]);
    }

    static Vec add(Vec a, Vec b) {
        return each([&](size_t i) { return a.lane[i] + b.lane[i]; });
    }
    static Vec sub(Vec a, Vec b) {
        return each([&](size_t i) { return a.lane[i] - b.lane[i]; });
    }
    static Vec mul(Vec a, Vec b) {
        return each([&](size_t i) { return a.lane[i] * b.lane[i]; });
    }
    static Vec div(Vec a, Vec b) {
        return each([&](size_t i) { return a.lane[i] / b.lane[i]; });
    }
    // a * b + c; rounded once where the machine can.
    static Vec mul_add(Vec a, Vec b, Vec c) {
        return each([&](size_t i) { return a.lane[i] * b.lane[i] + c.lane[i]; });
    }
    // a * b - product, exactly, where product is the rounded a * b.
    static Vec product_error(Vec a, Vec b, Vec product) {
        return each([&](size_t i) {
            return static_cast<float>(double{a.lane[i]} * double{b.lane[i]} - double{product.lane[i]});
        });
    }
    // a > b ? a : b and a < b ? a : b; so a NaN in b comes through.
    static Vec max(Vec a, Vec b) {
        return each([&](size_t i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
    }
    static Vec min(Vec a, Vec b) {
        return each([&](size_t i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
    }
    static Vec abs(Vec x) {
        return each([&](size_t i) { return __builtin_fabsf(x.lane[i]); });
    }
    // The magnitude of `magnitude` with the sign of `sign`.
    static Vec copy_sign(Vec magnitude, Vec sign) {
        return each([&](size_t i) { return __builtin_copysignf(magnitude.lane[i], sign.lane[i]); });
    }
    // To the nearest integer, ties to even, for |x| < 2^22.
    static Vec round(Vec x) {
        constexpr float shift = 0x1.8p23f;  // the sum has no room for fractions
        return each([&](size_t i) { return (x.lane[i] + shift) - shift; });
    }
    // x * 2^n for whole n in -126..127.
    static Vec scale_by_power(Vec x, Vec n) {
        return each([&](size_t i) {
            if (!(n.lane[i] >= -126.0f && n.lane[i] <= 127.0f)) return x.lane[i] * n.lane[i];  // NaN
            const auto exponent = static_cast<uint32_t>(static_cast<int32_t>(n.lane[i]) + 127);
            return x.lane[i] * std::bit_cast<float>(exponent << 23);
        });
    }

    // a < b, false for NaN.
    static Mask less(Vec a, Vec b) {
        Mask out;
        for (size_t i = 0; i < width; ++i) out.lane[i] = a.lane[i] < b.lane[i];
        return out;
    }
    static Vec select(Mask mask, Vec yes, Vec no) {
        return each([&](size_t i) { return mask.lane[i] ? yes.lane[i] : no.lane[i]; });
    }
    // Lanes 1, 0, 3, 2, ...
    static Vec swap_pairs(Vec x) {
        return each([&](size_t i) { return x.lane[i ^ 1]; });
    }

    static float first(Vec x) { return x.lane[0]; }
    // Over all lanes.
    static float sum(Vec x) { return (x.lane[0] + x.lane[2]) + (x.lane[1] + x.lane[3]); }
    static float maximum(Vec x) {
        float out = x.lane[0];
        for (size_t i = 1; i < width; ++i) out = out > x.lane[i] ? out : x.lane[i];
        return out;
    }
    // Lane i of the result is the sum over all lanes of x[i].
    static Vec sums(const Vec (&x)[width]) {
        return each([&](size_t i) { return sum(x[i]); });
    }
};

}  // namespace lamina::cpu
