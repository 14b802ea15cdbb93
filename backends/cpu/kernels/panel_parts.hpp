// What a panel of packed weights (quant/packed.hpp) holds, as vectors: the codes of a step, the scales of a
// group.
#pragma once

#include "cpu/kernels/linear_task.hpp"
#include "cpu/kernels/unroll.hpp"

namespace lamina::cpu {
namespace {

using quant::CodeLevels;
using quant::PackedKind;
using quant::ScaleKind;

// Four columns of a column block, `step`: their codes as dot_unsigned or dot_signed takes them.
template <class V, int Index, int step>
LAMINA_INLINE typename V::Codes codes_of(const uint8_t* block_columns, int p) {
    constexpr PackedKind kind = quant::packed_kinds[Index];
    // The plane of `bits` bits at `at`; what lies around them is not masked. They come to lie from bit `to`
    // on.
    const auto plane = [p]<int bits, int to>(const uint8_t* at) __attribute__((always_inline)) {
        return V::template shifted<step * bits % 8 - to>(V::load_codes(at + 64 * (step * bits / 8), p));
    };
    if constexpr (kind.code_bits == 8) {
        return V::prepare_signed(V::load_codes(block_columns + 64 * step, p));
    } else if constexpr (kind.levels != CodeLevels::none) {
        return V::template level<kind.levels>(
            V::template masked<15>(plane.template operator()<4, 0>(block_columns)));
    } else if constexpr (kind.code_bits == 2) {
        return V::template masked<3>(plane.template operator()<2, 0>(block_columns));
    } else if constexpr (kind.code_bits == 4) {
        return V::template masked<15>(plane.template operator()<4, 0>(block_columns));
    } else if constexpr (kind.code_bits == 3) {
        return V::template merged<4>(plane.template operator()<1, 2>(block_columns + 2 * 64),
                                     V::template masked<3>(plane.template operator()<2, 0>(block_columns)));
    } else if constexpr (kind.code_bits == 5) {
        return V::template merged<16>(plane.template operator()<1, 4>(block_columns + 4 * 64),
                                      V::template masked<15>(plane.template operator()<4, 0>(block_columns)));
    } else {
        static_assert(kind.code_bits == 6);
        return V::template merged<48>(plane.template operator()<2, 4>(block_columns + 4 * 64),
                                      V::template masked<15>(plane.template operator()<4, 0>(block_columns)));
    }
}

// Asks for the bytes of a column block that comes later; `l2_prefetch_bytes` is as in PackedTask.
template <int code_bytes, int scale_block_bytes>
LAMINA_INLINE void fetch_ahead(const uint8_t* codes, const uint8_t* weight_scales,
                               uint64_t l2_prefetch_bytes) {
    LAMINA_UNROLL
    for (int i = 0; i < code_bytes; i += 64) __builtin_prefetch(codes + prefetch_distance + i, 0, 3);
    LAMINA_UNROLL
    for (int i = 0; i < scale_block_bytes; i += 64)
        __builtin_prefetch(weight_scales + prefetch_distance_scales + i, 0, 3);
    if (l2_prefetch_bytes != 0) {
        LAMINA_UNROLL
        for (int i = 0; i < code_bytes; i += 64) __builtin_prefetch(codes + l2_prefetch_bytes + i, 0, 2);
    }
}

// Off the common path, so that it stays small: outputs that need a bias or are fewer than a panel has.
__attribute__((noinline)) inline void store_some(float* out, const float* values, const float* bias,
                                                 int count) {
    for (int i = 0; i < count; ++i) out[i] = bias ? values[i] + bias[i] : values[i];
}

// Scales and minima of a panel, group after group.
template <class V, int Index, int P>
struct ScaleStream {
    static constexpr PackedKind kind = quant::packed_kinds[Index];
    static constexpr int per_block = quant::panel_block_columns / kind.group;
    // On average: super-block scales come once for several column blocks.
    static constexpr int block_bytes =
        per_block * kind.group_bytes() + kind.super_scale_bytes() / (quant::panel_super_columns / 32);
    using F = typename V::F;

    const uint8_t* at;  // the first of the rows that are computed; see skip_rows
    F unit[P], minimum_unit[P];

    // Values of one, two or four bytes a row: where those of row `first` lie.
    template <int bytes>
    static LAMINA_INLINE const uint8_t* rows(const uint8_t* from, int first) {
        return from + bytes * first;
    }

    LAMINA_INLINE void next_super_scales(int first) {
        if constexpr (kind.has_super_scales()) {
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) unit[p] = V::load_f16(rows<2>(at, first), p);
            if constexpr (kind.has_minima()) {
                LAMINA_UNROLL
                for (int p = 0; p < P; ++p)
                    minimum_unit[p] = V::load_f16(rows<2>(at + 2 * quant::panel_rows, first), p);
            }
            at += kind.super_scale_bytes();
        }
    }

    LAMINA_INLINE F scale(int first, int p) const {
        if constexpr (kind.scale_kind == ScaleKind::f16 || kind.scale_kind == ScaleKind::f16_minima) {
            return V::load_f16(rows<2>(at, first), p);
        } else if constexpr (kind.scale_kind == ScaleKind::f32) {
            return V::load_f32(rows<4>(at, first), p);
        } else if constexpr (kind.scale_kind == ScaleKind::e8m0) {
            return V::load_e8m0(rows<1>(at, first), p);
        } else if constexpr (kind.scale_kind == ScaleKind::super_block) {
            return unit[p];
        } else if constexpr (kind.scale_kind == ScaleKind::levels4_minima) {
            return V::mul(unit[p], V::template load_level<15, 0>(rows<1>(at, first), p));
        } else {
            return V::mul(unit[p], V::load_level(rows<1>(at, first), p));
        }
    }

    // What is added; or subtracted, where it is a multiple of a unit.
    LAMINA_INLINE F minimum(int first, int p) const {
        if constexpr (kind.scale_kind == ScaleKind::f16_minima) {
            return V::load_f16(rows<2>(at + 2 * quant::panel_rows, first), p);
        } else if constexpr (kind.scale_kind == ScaleKind::levels4_minima) {
            return V::mul(minimum_unit[p], V::template load_level<15, 4>(rows<1>(at, first), p));
        } else {
            return V::mul(minimum_unit[p], V::load_level(rows<1>(at + quant::panel_rows, first), p));
        }
    }

    LAMINA_INLINE void next_group() { at += kind.group_bytes(); }
};

}  // namespace
}  // namespace lamina::cpu
