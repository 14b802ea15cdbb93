// Packed weights x int8 activations, generic over a vector class V (int8_scalar.hpp documents what V offers).
// For each group of a panel: out[r, n] += scale[n] * a_scale[r] * sum(code * a_code) + minimum[n] * a_sum[r],
// the integer sum exact, the rest in f32, in the order of the groups whatever the number of rows.
#pragma once

#include "cpu/kernels/linear_task.hpp"
#include "cpu/kernels/panel_parts.hpp"
#include "cpu/kernels/peak.hpp"
#include "cpu/kernels/unroll.hpp"

namespace lamina::cpu {
namespace {

// Rows R of activations x P vectors of a panel's rows, both kept in registers.
template <class V, int Index, int R, int P>
struct PanelPass {
    static constexpr PackedKind kind = quant::packed_kinds[Index];
    static constexpr bool is_signed = kind.code_bits == 8 || kind.levels != CodeLevels::none;
    static constexpr bool has_offsets = is_signed ? V::wants_offsets : kind.zero != 0;
    using F = typename V::F;

    int first_output;
    ScaleStream<V, Index, P> weight_scales;
    F total[R][P];

    // The group of `steps` steps from `step` on of a column block: `codes` of it; `a` [R][32] its
    // activations.
    template <int step>
    LAMINA_INLINE void group(const uint8_t* codes, const int8_t* a, const float* scales,
                             const int32_t* offsets, const float* sums) {
        F value[R][P];
        if constexpr (is_signed) {
            signed_products<step>(codes, a, offsets, value);
        } else {
            unsigned_products<step>(codes, a, offsets, value);
        }
        LAMINA_UNROLL
        for (int p = 0; p < P; ++p) {
            const F scale = weight_scales.scale(first_output, p);
            LAMINA_UNROLL
            for (int r = 0; r < R; ++r) {
                total[r][p] = V::fma(value[r][p], V::mul(scale, V::broadcast(scales + r)), total[r][p]);
            }
        }
        if constexpr (kind.has_minima()) {
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) {
                const F minimum = weight_scales.minimum(first_output, p);
                LAMINA_UNROLL
                for (int r = 0; r < R; ++r) {
                    if constexpr (kind.has_super_scales()) {
                        total[r][p] = V::fnma(minimum, V::broadcast(sums + r), total[r][p]);
                    } else {
                        total[r][p] = V::fma(minimum, V::broadcast(sums + r), total[r][p]);
                    }
                }
            }
        }
        weight_scales.next_group();
    }

  private:
    static constexpr int steps = kind.group / 4;

    // log2(128 / zero)
    static constexpr int zero_shift() {
        int shift = 0;
        for (int zero = 128; zero > kind.zero; zero /= 2) ++shift;
        return shift;
    }

    template <class Sum>
    static LAMINA_INLINE void start(const int32_t* offsets, Sum (&sum)[R][P]) {
        LAMINA_UNROLL
        for (int r = 0; r < R; ++r) {
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) {
                if constexpr (has_offsets) {
                    sum[r][p] = V::template start<zero_shift()>(offsets + r);
                } else {
                    sum[r][p] = V::start();
                }
            }
        }
    }

    template <int step>
    static LAMINA_INLINE void signed_products(const uint8_t* codes, const int8_t* a, const int32_t* offsets,
                                              F (&value)[R][P]) {
        typename V::Sum sum[R][P];
        start(offsets, sum);
        each_step<step, steps>([&]<int s>() __attribute__((always_inline)) {
            typename V::Codes w[P];
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) w[p] = codes_of<V, Index, s>(codes, p);
            LAMINA_UNROLL
            for (int r = 0; r < R; ++r) {
                const auto x = V::broadcast_codes(a + 32 * r + 4 * s);
                LAMINA_UNROLL
                for (int p = 0; p < P; ++p) sum[r][p] = V::dot_signed(sum[r][p], w[p], x);
            }
        });
        LAMINA_UNROLL
        for (int r = 0; r < R; ++r) {
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) value[r][p] = V::value(sum[r][p]);
        }
    }

    // Where products are added up in fewer bits than their sum needs, runs of steps are.
    template <int step>
    static LAMINA_INLINE void unsigned_products(const uint8_t* codes, const int8_t* a, const int32_t* offsets,
                                                F (&value)[R][P]) {
        typename V::Sum sum[R][P];
        start(offsets, sum);
        constexpr int most = V::unsigned_steps(kind.code_bits), run = most < steps ? most : steps;
        constexpr bool alone = run == steps && !has_offsets;
        each_run<step, steps, run>([&]<int first>() __attribute__((always_inline)) {
            typename V::Partial partial[R][P];
            LAMINA_UNROLL
            for (int r = 0; r < R; ++r) {
                LAMINA_UNROLL
                for (int p = 0; p < P; ++p) partial[r][p] = V::partial(sum[r][p]);
            }
            each_step<first, run>([&]<int s>() __attribute__((always_inline)) {
                typename V::Codes w[P];
                LAMINA_UNROLL
                for (int p = 0; p < P; ++p) w[p] = codes_of<V, Index, s>(codes, p);
                LAMINA_UNROLL
                for (int r = 0; r < R; ++r) {
                    const auto x = V::broadcast_codes(a + 32 * r + 4 * s);
                    LAMINA_UNROLL
                    for (int p = 0; p < P; ++p) partial[r][p] = V::dot_unsigned(partial[r][p], w[p], x);
                }
            });
            LAMINA_UNROLL
            for (int r = 0; r < R; ++r) {
                LAMINA_UNROLL
                for (int p = 0; p < P; ++p) sum[r][p] = V::template joined<alone>(sum[r][p], partial[r][p]);
            }
        });
        LAMINA_UNROLL
        for (int r = 0; r < R; ++r) {
            LAMINA_UNROLL
            for (int p = 0; p < P; ++p) value[r][p] = V::value(sum[r][p]);
        }
    }

    template <int first, int count, class Do>
    static LAMINA_INLINE void each_step(const Do& run) {
        if constexpr (count > 0) {
            run.template operator()<first>();
            each_step<first + 1, count - 1>(run);
        }
    }
    template <int first, int count, int size, class Do>
    static LAMINA_INLINE void each_run(const Do& run) {
        if constexpr (count > 0) {
            run.template operator()<first>();
            each_run<first + size, count - size, size>(run);
        }
    }
};

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
    using Pass = PanelPass<V, Index, R, P>;
    constexpr PackedKind kind = Pass::kind;
    using Stream = ScaleStream<V, Index, P>;
    constexpr int per_block = Stream::per_block;
    Pass pass;
    pass.first_output = first_output;
    pass.weight_scales.at = t.weight_scales;
    LAMINA_UNROLL
    for (int r = 0; r < R; ++r) {
        LAMINA_UNROLL
        for (int p = 0; p < P; ++p) pass.total[r][p] = V::zero();
    }
    const uint8_t* codes = t.codes + 4 * first_output;
    const int8_t* a = t.activations + row * t.column_blocks * block_columns;
    const float* scales = t.scales + row * t.column_blocks;
    const uint64_t group_rows = row * t.column_blocks * per_block;
    const int32_t* offsets = t.offsets + (Pass::has_offsets ? group_rows : 0);
    const float* sums = t.sums + (kind.has_minima() ? group_rows : 0);

    constexpr uint64_t run = kind.has_super_scales() ? quant::panel_super_columns / 32 : 1;  // column blocks
    for (uint64_t g = 0; g < t.column_blocks; g += run) {
        pass.weight_scales.next_super_scales(first_output);
        for (uint64_t i = 0; i < run; ++i) {
            if (ahead)
                fetch_ahead<kind.code_bytes(), Stream::block_bytes>(codes, pass.weight_scales.at,
                                                                    t.l2_prefetch_bytes);
            pass.template group<0>(codes, a, scales, offsets, sums);
            if constexpr (per_block == 2) {
                pass.template group<4>(codes, a, scales, offsets + (Pass::has_offsets ? R : 0),
                                       sums + (kind.has_minima() ? R : 0));
            }
            codes += kind.code_bytes();
            a += block_columns * R;
            scales += R;
            if (Pass::has_offsets) offsets += per_block * R;
            if (kind.has_minima()) sums += per_block * R;
        }
    }
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

// A block of `rows` rows, at most R.
template <class V, int Index, int R>
LAMINA_INLINE void panel_block(const PackedTask& t, uint64_t row, uint32_t rows, bool ahead) {
    if constexpr (R > 0) {
        if (rows == R) return panel_rows<V, Index, R>(t, row, ahead);
        panel_block<V, Index, R - 1>(t, row, rows, ahead);
    }
}

template <class V, int Index>
void packed_panel(const PackedTask& t) {
    bool ahead = true;
    for (uint64_t row = t.first_row; row < t.last_row;) {
        const uint32_t rows = block_rows(t.rows - row, V::max_block);
        panel_block<V, Index, V::max_block>(t, row, rows, ahead);
        row += rows;
        ahead = false;
    }
}

// The sums over a column block's two halves in the forms that the kernels want.
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

// As quant::quantize_row, bit for bit. V::quantize(x[32], codes[32], halves[2]) does a column block and
// returns its scale.
template <class V>
void quantize_blocks(const QuantizeTask& t) {
    for (uint64_t g = t.first; g < t.last; ++g) {
        const float* x = t.x + g * block_columns;
        const uint64_t left = t.count - g * block_columns;
        float padded[block_columns] = {};
        if (left < block_columns) {
            for (uint64_t i = 0; i < left; ++i) padded[i] = x[i];
            x = padded;
        }
        int32_t halves[2];
        int8_t* codes = t.codes + g * t.block * block_columns;
        const float scale = V::quantize(x, codes, halves);
        t.scales[g * t.block] = scale;
        write_sums(t, g, scale, halves[0], halves[1]);
        if (t.residual == nullptr) continue;
        float* residual = t.residual + (g - t.first) * block_columns;
        for (uint64_t i = 0; i < block_columns; ++i)
            residual[i] = x[i] - scale * static_cast<float>(codes[i]);
    }
}

template <class V>
constexpr PackedKernels packed_kernels() {
    static_assert(quant::packed_kind_count == 17);
    return {V::max_block,
            V::wants_offsets,
            &quantize_blocks<V>,
            {&packed_panel<V, 0>, &packed_panel<V, 1>, &packed_panel<V, 2>, &packed_panel<V, 3>,
             &packed_panel<V, 4>, &packed_panel<V, 5>, &packed_panel<V, 6>, &packed_panel<V, 7>,
             &packed_panel<V, 8>, &packed_panel<V, 9>, &packed_panel<V, 10>, &packed_panel<V, 11>,
             &packed_panel<V, 12>, &packed_panel<V, 13>, &packed_panel<V, 14>, &packed_panel<V, 15>,
             &packed_panel<V, 16>},
            {&peak_int8<V>, uint64_t{peak_sums} * peak_steps * V::lanes * 4}};
}

}  // namespace
}  // namespace lamina::cpu
