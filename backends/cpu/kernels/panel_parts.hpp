// What a panel of packed weights (quant/packed.hpp) holds, as vectors: the codes of a step, the factors of a
// group.
#pragma once

#include "cpu/kernels/linear_task.hpp"
#include "cpu/kernels/unroll.hpp"

namespace lamina::cpu {
namespace {

using quant::CodeLevels;
using quant::Factors;
using quant::PackedKind;

// Four columns of a granule, `step`: their codes as dot_unsigned or dot_signed takes them.
template <class V, int Index, int step>
LAMINA_INLINE typename V::Codes codes_of(const uint8_t* granule, int p) {
    constexpr PackedKind kind = quant::packed_kinds[Index];
    // The plane of `bits` bits at `at`; what lies around them is not masked. They come to lie from bit `to`
    // on.
    const auto plane = [p]<int bits, int to>(const uint8_t* at) __attribute__((always_inline)) {
        return V::template shifted<step * bits % 8 - to>(V::load_codes(at + 64 * (step * bits / 8), p));
    };
    if constexpr (kind.code_bits == 8) {
        return V::prepare_signed(V::load_codes(granule + 64 * step, p));
    } else if constexpr (kind.levels != CodeLevels::none) {
        return V::template level<kind.levels>(
            V::template masked<15>(plane.template operator()<4, 0>(granule)));
    } else if constexpr (kind.code_bits == 2) {
        return V::template masked<3>(plane.template operator()<2, 0>(granule));
    } else if constexpr (kind.code_bits == 4) {
        return V::template masked<15>(plane.template operator()<4, 0>(granule));
    } else if constexpr (kind.code_bits == 3) {
        return V::template merged<4>(plane.template operator()<1, 2>(granule + 2 * 64),
                                     V::template masked<3>(plane.template operator()<2, 0>(granule)));
    } else if constexpr (kind.code_bits == 5) {
        return V::template merged<16>(plane.template operator()<1, 4>(granule + 4 * 64),
                                      V::template masked<15>(plane.template operator()<4, 0>(granule)));
    } else {
        static_assert(kind.code_bits == 6);
        return V::template merged<48>(plane.template operator()<2, 4>(granule + 4 * 64),
                                      V::template masked<15>(plane.template operator()<4, 0>(granule)));
    }
}

// Asks for the bytes of a granule that comes later; `far` is as in PackedTask.
template <int code_bytes, int factor_bytes>
LAMINA_INLINE void fetch_ahead(const uint8_t* codes, const uint8_t* factors, uint64_t far) {
    LAMINA_UNROLL
    for (int i = 0; i < code_bytes; i += 64) __builtin_prefetch(codes + near_fetch + i, 0, 3);
    LAMINA_UNROLL
    for (int i = 0; i < factor_bytes; i += 64) __builtin_prefetch(factors + near_factors + i, 0, 3);
    if (far != 0) {
        LAMINA_UNROLL
        for (int i = 0; i < code_bytes; i += 64) __builtin_prefetch(codes + far + i, 0, 2);
    }
}

// Off the common path, so that it stays small: outputs that need a bias or are fewer than a panel has.
__attribute__((noinline)) inline void store_some(float* out, const float* values, const float* bias,
                                                 int count) {
    for (int i = 0; i < count; ++i) out[i] = bias ? values[i] + bias[i] : values[i];
}

// Scales and minima of a panel, group after group.
template <class V, int Index, int P>
struct FactorStream {
    static constexpr PackedKind kind = quant::packed_kinds[Index];
    static constexpr int per_granule = quant::panel_granule / kind.group;
    // On average: units come once for several granules.
    static constexpr int granule_bytes =
        per_granule * kind.group_bytes() + kind.unit_bytes() / (quant::panel_super_columns / 32);
    using F = typename V::F;

    const uint8_t* at;  // the first of the rows that are computed; see skip_rows
    F unit[P], minimum_unit[P];

    // Values of one, two or four bytes a row: where those of row `first` lie.
    template <int bytes>
    static LAMINA_INLINE const uint8_t* rows(const uint8_t* from, int first) {
        return from + bytes * first;
    }

    LAMINA_INLINE void next_units(int first) {
        if constexpr (kind.has_units()) {
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) unit[p] = V::load_f16(rows<2>(at, first), p);
            if constexpr (kind.has_minima()) {
                LAMINA_UNROLL
                for (int p = 0; p < P; ++p)
                    minimum_unit[p] = V::load_f16(rows<2>(at + 2 * quant::panel_rows, first), p);
            }
            at += kind.unit_bytes();
        }
    }

    LAMINA_INLINE F scale(int first, int p) const {
        if constexpr (kind.factors == Factors::f16 || kind.factors == Factors::f16_minima) {
            return V::load_f16(rows<2>(at, first), p);
        } else if constexpr (kind.factors == Factors::f32) {
            return V::load_f32(rows<4>(at, first), p);
        } else if constexpr (kind.factors == Factors::e8m0) {
            return V::load_e8m0(rows<1>(at, first), p);
        } else if constexpr (kind.factors == Factors::unit) {
            return unit[p];
        } else if constexpr (kind.factors == Factors::levels4_minima) {
            return V::mul(unit[p], V::template load_level<15, 0>(rows<1>(at, first), p));
        } else {
            return V::mul(unit[p], V::load_level(rows<1>(at, first), p));
        }
    }

    // What is added; or subtracted, where it is a multiple of a unit.
    LAMINA_INLINE F minimum(int first, int p) const {
        if constexpr (kind.factors == Factors::f16_minima) {
            return V::load_f16(rows<2>(at + 2 * quant::panel_rows, first), p);
        } else if constexpr (kind.factors == Factors::levels4_minima) {
            return V::mul(minimum_unit[p], V::template load_level<15, 4>(rows<1>(at, first), p));
        } else {
            return V::mul(minimum_unit[p], V::load_level(rows<1>(at + quant::panel_rows, first), p));
        }
    }

    LAMINA_INLINE void next_group() { at += kind.group_bytes(); }
};

}  // namespace
}  // namespace lamina::cpu
