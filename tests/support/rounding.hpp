// How far tests of Linear let inputs be rounded.
#pragma once

#include "backend/op.hpp"

namespace lamina::test {

// As plan/numerics.cpp rounds in small models, as little as can be, as much as can be.
enum class Rounding { as_stored, least, most };

inline backend::Precision precision_of(DType weight, Rounding rounding) {
    using backend::Precision;
    if (is_quantized(weight)) return rounding == Rounding::most ? Precision::int8 : Precision::int16;
    const bool round =
        rounding == Rounding::most || (rounding == Rounding::as_stored && weight == DType::bf16);
    return round ? Precision::bf16 : Precision::f32;
}

}  // namespace lamina::test
