// Packed weights x int8 activations, generic over a vector class V (int8_scalar.hpp documents what V offers).
// For each group of a panel: out[r, n] += scale[n] * a_scale[r] * sum(code * a_code) + minimum[n] * a_sum[r],
// the integer sum exact, the rest in f32, in the order of the groups whatever the number of rows.
#pragma once

#include "cpu/kernels/linear_task.hpp"
#include "cpu/kernels/unroll.hpp"

namespace lamina::cpu {
namespace {

struct Kind {
    bool eight_bits, group_of_32, minima, f16_scales;
    constexpr int group() const { return group_of_32 ? 32 : 16; }
    constexpr int code_bytes() const { return eight_bits ? 16 * group() : 8 * group(); }  // of a group
    constexpr int scale_bytes() const { return f16_scales ? 32 : 64; }                    // 16 scales
    constexpr int factor_bytes() const { return minima ? 2 * scale_bytes() : scale_bytes(); }
};
constexpr Kind kind_of_index(int i) { return {(i & 1) != 0, (i & 2) != 0, (i & 4) != 0, (i & 8) != 0}; }

// Rows R of activations x P vectors of a panel's rows, both kept in registers.
template <class V, int Index, int R, int P>
struct PanelPass {
    static constexpr Kind kind = kind_of_index(Index);
    static constexpr int group_steps = kind.group() / 4;
    using F = typename V::F;

    F total[R][P];

    // One weight group: `codes`, `factors` of it; `a` [R][32] at the group's first input.
    LAMINA_INLINE void group(const uint8_t* codes, const uint8_t* factors, const int8_t* a,
                             const float* scales, const int32_t* offsets, const float* sums) {
        F value[R][P];
        if constexpr (kind.eight_bits) {
            products8(codes, a, offsets, value);
        } else {
            products4(codes, a, value);
        }
        LAMINA_UNROLL
        for (int p = 0; p < P; ++p) {
            const F scale = V::template load_factor<kind.f16_scales>(factors, p);
            LAMINA_UNROLL
            for (int r = 0; r < R; ++r) {
                total[r][p] = V::fma(value[r][p], V::mul(scale, V::broadcast(scales + r)), total[r][p]);
            }
        }
        if constexpr (kind.minima) {
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) {
                const F minimum = V::template load_factor<kind.f16_scales>(factors + kind.scale_bytes(), p);
                LAMINA_UNROLL
                for (int r = 0; r < R; ++r)
                    total[r][p] = V::fma(minimum, V::broadcast(sums + r), total[r][p]);
            }
        }
    }

  private:
    static LAMINA_INLINE void products8(const uint8_t* codes, const int8_t* a, const int32_t* offsets,
                                        F (&value)[R][P]) {
        typename V::Sum8 sum[R][P];
        LAMINA_UNROLL
        for (int r = 0; r < R; ++r) {
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) sum[r][p] = V::start8(offsets + r);
        }
        LAMINA_UNROLL
        for (int step = 0; step < group_steps; ++step) {
            typename V::Codes w[P];
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) w[p] = V::prepare8(V::load_codes(codes + 64 * step, p));
            LAMINA_UNROLL
            for (int r = 0; r < R; ++r) {
                const auto x = V::broadcast_codes(a + 32 * r + 4 * step);
                LAMINA_UNROLL
                for (int p = 0; p < P; ++p) sum[r][p] = V::dot8(sum[r][p], w[p], x);
            }
        }
        LAMINA_UNROLL
        for (int r = 0; r < R; ++r) {
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) value[r][p] = V::value8(sum[r][p]);
        }
    }

    static LAMINA_INLINE void products4(const uint8_t* codes, const int8_t* a, F (&value)[R][P]) {
        typename V::Sum4 sum[R][P];
        LAMINA_UNROLL
        for (int r = 0; r < R; ++r) {
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) sum[r][p] = V::start4();
        }
        LAMINA_UNROLL
        for (int v = 0; v < group_steps / 2; ++v) {
            typename V::Codes low[P], high[P];
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) {
                const auto both = V::load_codes(codes + 64 * v, p);
                low[p] = V::low_nibbles(both);
                high[p] = V::high_nibbles(both);
            }
            LAMINA_UNROLL
            for (int r = 0; r < R; ++r) {
                const auto x = V::broadcast_codes(a + 32 * r + 4 * v);
                const auto y = V::broadcast_codes(a + 32 * r + 4 * (v + group_steps / 2));
                LAMINA_UNROLL
                for (int p = 0; p < P; ++p) sum[r][p] = V::dot4(V::dot4(sum[r][p], low[p], x), high[p], y);
            }
        }
        LAMINA_UNROLL
        for (int r = 0; r < R; ++r) {
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) value[r][p] = V::value4(sum[r][p]);
        }
    }
};

// Two levels of prefetch: DRAM latency is covered by the second-level one, far ahead; measured best for one
// row.
template <int bytes>
LAMINA_INLINE void prefetch_ahead(const uint8_t* at) {
    LAMINA_UNROLL
    for (int i = 0; i < (bytes + 63) / 64; ++i) {
        __builtin_prefetch(at + 2048 + 64 * i, 0, 3);
        __builtin_prefetch(at + 16384 + 64 * i, 0, 2);
    }
}

// Off the common path, so that it stays small: outputs that need a bias or are fewer than a panel has.
__attribute__((noinline)) inline void store_some(float* out, const float* values, const float* bias,
                                                 int count) {
    for (int i = 0; i < count; ++i) out[i] = bias ? values[i] + bias[i] : values[i];
}

// Adds the bias and writes what exists of the panel's 16 outputs.
template <class V, int R, int P>
LAMINA_INLINE void store_rows(const PackedTask& t, uint64_t row, int first_output,
                              const typename V::F (&total)[R][P]) {
    LAMINA_UNROLL
    for (int r = 0; r < R; ++r) {
        float* out = t.out + (row + static_cast<uint64_t>(r)) * t.out_stride + first_output;
        if (t.width == 16 && !t.bias) {
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) V::store(out + p * V::lanes, total[r][p]);
        } else {
            float values[P * V::lanes];
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) V::store(values + p * V::lanes, total[r][p]);
            const int exist = static_cast<int>(t.width) - first_output, count = P * V::lanes;
            store_some(out, values, t.bias ? t.bias + first_output : nullptr, exist < count ? exist : count);
        }
    }
}

// A block of R rows x P vectors of outputs over all inputs.
template <class V, int Index, int R, int P>
void panel_pass(const PackedTask& t, uint64_t row, int first_output, bool ahead) {
    constexpr Kind kind = kind_of_index(Index);
    constexpr int per_granule = kind.group_of_32 ? 1 : 2;
    PanelPass<V, Index, R, P> pass;
    LAMINA_UNROLL
    for (int r = 0; r < R; ++r) {
        LAMINA_UNROLL
        for (int p = 0; p < P; ++p) pass.total[r][p] = V::zero();
    }
    const uint8_t* codes = t.codes + 4 * first_output;
    const uint8_t* factors = t.factors + (kind.f16_scales ? 2 : 4) * first_output;
    const int8_t* a = t.activations + row * t.granules * granule;
    const float* scales = t.scales + row * t.granules;
    const uint64_t group_rows = row * t.granules * per_granule;
    const int32_t* offsets = t.offsets + (kind.eight_bits ? group_rows : 0);
    const float* sums = t.sums + (kind.minima ? group_rows : 0);

    const auto one_group = [&](int inputs_before) __attribute__((always_inline)) {
        pass.group(codes, factors, a + inputs_before, scales, offsets, sums);
        codes += kind.code_bytes();
        factors += kind.factor_bytes();
        if (kind.eight_bits) offsets += R;
        if (kind.minima) sums += R;
    };
    const uint64_t whole = t.groups / per_granule;
    for (uint64_t g = 0; g < whole; ++g) {
        if (ahead) {
            prefetch_ahead<kind.code_bytes() * per_granule>(codes);
            prefetch_ahead<kind.factor_bytes() * per_granule>(factors);
        }
        LAMINA_UNROLL
        for (int i = 0; i < per_granule; ++i) one_group(16 * i);
        a += granule * R;
        scales += R;
    }
    if (t.groups % per_granule != 0) one_group(0);
    store_rows<V, R, P>(t, row, first_output, pass.total);
}

template <class V, int Index, int R>
void panel_rows(const PackedTask& t, uint64_t row, bool ahead) {
    constexpr int vectors = 16 / V::lanes;
    // Where sums and totals of all outputs do not fit the registers, the outputs are done in turn.
    constexpr int P = vectors * R <= V::max_sums ? vectors : 1;
    for (int first = 0; first < 16; first += P * V::lanes) {
        panel_pass<V, Index, R, P>(t, row, first, ahead && first == 0);
    }
}

template <class V, int Index>
void packed_panel(const PackedTask& t) {
    bool ahead = true;
    for (uint64_t row = t.first_row; row < t.last_row;) {
        const uint32_t rows = block_rows(t.rows - row, V::max_block);
        if constexpr (V::max_block >= 8) {
            if (rows == 8) panel_rows<V, Index, 8>(t, row, ahead);
        }
        if constexpr (V::max_block >= 4) {
            if (rows == 4) panel_rows<V, Index, 4>(t, row, ahead);
        }
        if constexpr (V::max_block >= 2) {
            if (rows == 2) panel_rows<V, Index, 2>(t, row, ahead);
        }
        if (rows == 1) panel_rows<V, Index, 1>(t, row, ahead);
        row += rows;
        ahead = false;
    }
}

// The sums over a granule's two halves in the forms that the kernels want.
LAMINA_INLINE void write_sums(const QuantizeTask& t, uint64_t g, float scale, int32_t first, int32_t second) {
    const uint64_t at = g * t.block, at16 = 2 * at;
    if (t.offsets32) t.offsets32[at] = -128 * (first + second);
    if (t.sums32) t.sums32[at] = scale * static_cast<float>(first + second);
    if (t.offsets16) {
        t.offsets16[at16] = -128 * first;
        t.offsets16[at16 + t.block] = -128 * second;
    }
    if (t.sums16) {
        t.sums16[at16] = scale * static_cast<float>(first);
        t.sums16[at16 + t.block] = scale * static_cast<float>(second);
    }
}

// As quant::quantize_row, bit for bit. V::quantize(x[32], codes[32], halves[2]) does a granule and returns
// its scale.
template <class V>
void quantize_granules(const QuantizeTask& t) {
    for (uint64_t g = t.first; g < t.last; ++g) {
        const float* x = t.x + g * granule;
        const uint64_t left = t.count - g * granule;
        float padded[granule] = {};
        if (left < granule) {
            for (uint64_t i = 0; i < left; ++i) padded[i] = x[i];
            x = padded;
        }
        int32_t halves[2];
        const float scale = V::quantize(x, t.codes + g * t.block * granule, halves);
        t.scales[g * t.block] = scale;
        write_sums(t, g, scale, halves[0], halves[1]);
    }
}

template <class V>
constexpr PackedKernels packed_kernels() {
    return {V::max_block,
            V::wants_offsets,
            &quantize_granules<V>,
            {&packed_panel<V, 0>, &packed_panel<V, 1>, &packed_panel<V, 2>, &packed_panel<V, 3>,
             &packed_panel<V, 4>, &packed_panel<V, 5>, &packed_panel<V, 6>, &packed_panel<V, 7>,
             &packed_panel<V, 8>, &packed_panel<V, 9>, &packed_panel<V, 10>, &packed_panel<V, 11>,
             &packed_panel<V, 12>, &packed_panel<V, 13>, &packed_panel<V, 14>, &packed_panel<V, 15>}};
}

}  // namespace
}  // namespace lamina::cpu
