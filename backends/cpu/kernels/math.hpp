// Elementary functions over a vector class (vector_scalar.hpp). Polynomials are minimax fits made for this
// file; bounds are those of the fit plus rounding, relative, over the stated range.
#pragma once

#include <stddef.h>

namespace lamina::cpu {
namespace {

template <class V>
struct Math {
    using Vec = typename V::Vec;

    template <size_t n>
    static Vec polynomial(Vec x, const float (&coefficients)[n]) {
        Vec sum = V::broadcast(coefficients[n - 1]);
        for (size_t i = n - 1; i-- > 0;) sum = V::mul_add(sum, x, V::broadcast(coefficients[i]));
        return sum;
    }

    // e^x within 2e-7; x is clamped to [-87, 88], so that results are normal. exp(0) is exactly 1; NaN stays
    // NaN.
    static Vec exp(Vec x) {
        // e^x = 2^n e^r, |r| <= ln(2) / 2; ln(2) in two parts, n times the first being exact.
        constexpr float series[] = {0.4999999403953552f, 0.1666651964187622f, 0.041668396443128586f,
                                    0.008368796668946743f, 0.0013814433477818966f};
        x = V::min(V::broadcast(88.0f), V::max(V::broadcast(-87.0f), x));
        const Vec n = V::round(V::mul(x, V::broadcast(1.44269504f)));
        Vec r = V::mul_add(n, V::broadcast(-0.693359375f), x);
        r = V::mul_add(n, V::broadcast(2.12194440e-4f), r);
        const Vec tail = V::mul_add(V::mul(r, r), polynomial(r, series), r);
        return V::scale_by_power(V::add(tail, V::broadcast(1.0f)), n);
    }

    // tanh(x) within 3e-7.
    static Vec tanh(Vec x) {
        constexpr float series[] = {-0.3333328068256378f, 0.13331441581249237f, -0.05373971536755562f,
                                    0.0206390880048275f, -0.005704987328499556f};
        const Vec size = V::abs(x), square = V::mul(x, x);
        const Vec small = V::mul_add(V::mul(x, square), polynomial(square, series), x);
        const Vec e = exp(V::add(size, size));
        const Vec large =
            V::sub(V::broadcast(1.0f), V::div(V::broadcast(2.0f), V::add(e, V::broadcast(1.0f))));
        return V::select(V::less(size, V::broadcast(0.625f)), small, V::copy_sign(large, x));
    }

    // x / (1 + e^-x)
    static Vec silu(Vec x) { return x_over_one_plus_exp(x, V::sub(V::zero(), x)); }

    // x * (1 + erf(x / sqrt(2))) / 2, within 1e-6, by erfc of the magnitude: no cancellation where the result
    // is small.
    static Vec gelu(Vec x) {
        // erfc(t) = e^(-t^2) s p(s), s = 1 / (1 + 0.4 t); t^2 = x^2 / 2 in two parts, for e^y magnifies
        // errors of y.
        constexpr float series[] = {0.22570690512657166f,  0.22495202720165253f,  0.2149190455675125f,
                                    0.129679873585701f,    0.2720654308795929f,   -0.284365177154541f,
                                    0.547433614730835f,    -0.49881014227867126f, 0.19801265001296997f,
                                    -0.029594236984848976f};
        const Vec half = V::broadcast(0.5f), one = V::broadcast(1.0f);
        const Vec bounded = V::min(V::broadcast(14.0f), V::abs(x));  // erfc(14 / sqrt(2)) is below 1e-43
        const Vec s = V::div(one, V::mul_add(bounded, V::broadcast(0.4f * 0.707106781f), one));
        const Vec square = V::mul(bounded, bounded), rest = V::product_error(bounded, bounded, square);
        const Vec e = exp(V::mul(square, V::broadcast(-0.5f)));
        const Vec exact = V::sub(e, V::mul(e, V::mul(rest, half)));
        const Vec part = V::mul(V::mul(x, half), V::mul(V::mul(exact, s), polynomial(s, series)));
        return V::select(V::less(x, V::zero()), part, V::sub(x, part));
    }

    // x * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 = x / (1 + e^(-2 u))
    static Vec gelu_tanh(Vec x) {
        const Vec cubic = V::mul_add(V::mul(x, x), V::broadcast(-0.0713548163f), V::broadcast(-1.59576912f));
        return x_over_one_plus_exp(x, V::mul(x, cubic));
    }

    // max(0, x), NaN kept
    static Vec relu(Vec x) { return V::max(V::zero(), x); }
    static Vec relu_squared(Vec x) {
        const Vec positive = relu(x);
        return V::mul(positive, positive);
    }

  private:
    static Vec x_over_one_plus_exp(Vec x, Vec exponent) {
        return V::div(x, V::add(V::broadcast(1.0f), exp(exponent)));
    }
};

}  // namespace
}  // namespace lamina::cpu
