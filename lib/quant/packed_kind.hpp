// The kinds of the packed layout (packed.hpp). Kernels of every instruction set include this: no standard C++
// headers here, functions are always inlined, and arrays that kernels index have internal linkage. A unit
// compiled for an instruction set so defines nothing that the linker could choose for the whole program.
#pragma once

#include <stdint.h>

namespace lamina::quant {

inline constexpr int panel_rows = 16;
inline constexpr int panel_block_columns = 32;   // columns: what the planes of a panel are made of
inline constexpr int panel_super_columns = 256;  // columns of a super-block

// The values that 4-bit codes are indices of.
enum class CodeLevels : uint8_t { none, iq4, fp4 };

constexpr int8_t iq4_levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
// FP4 (E2M1: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and their negatives), doubled.
constexpr int8_t fp4_levels[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// How scales and minima are stored; each is 16 values, one a row.
enum class ScaleKind : uint8_t {
    f16,             // a group: f16 scales
    f16_minima,      // a group: f16 scales, f16 minima
    f32,             // a group: f32 scales
    e8m0,            // a group: bytes e, scale 2^(e - 128)
    super_block,     // 256 columns: f16 scales
    levels8,         // 256 columns: f16 super-block scales; then its groups: i8 multiples of them
    levels8_minima,  // 256 columns: f16 super-block scales, f16 super-block minima; then its groups: u8
                     // scales, u8 minima. What the minimum gives is subtracted.
    levels4_minima,  // the same, a group: bytes of a 4-bit scale (low) and a 4-bit minimum (high)
};

struct PackedKind {
    uint8_t index;      // in packed_kinds
    uint8_t code_bits;  // 2, 3, 4, 5, 6: unsigned; 8: signed
    uint8_t group;      // 16 or 32 columns share a scale
    uint8_t zero;       // what is subtracted from unsigned codes: 0 or a power of two; 128 for signed ones
    CodeLevels levels;
    ScaleKind scale_kind;

    [[gnu::always_inline]] constexpr bool has_minima() const {
        return scale_kind == ScaleKind::f16_minima || scale_kind == ScaleKind::levels8_minima ||
               scale_kind == ScaleKind::levels4_minima;
    }
    [[gnu::always_inline]] constexpr bool has_super_scales() const {
        return scale_kind == ScaleKind::super_block || scale_kind == ScaleKind::levels8 ||
               scale_kind == ScaleKind::levels8_minima || scale_kind == ScaleKind::levels4_minima;
    }
    // Of a column block.
    [[gnu::always_inline]] constexpr int code_bytes() const {
        return panel_rows * panel_block_columns * code_bits / 8;
    }
    // Of 256 columns, before their groups.
    [[gnu::always_inline]] constexpr int super_scale_bytes() const {
        return !has_super_scales() ? 0 : has_minima() ? 4 * panel_rows : 2 * panel_rows;
    }
    // Of a group's scales.
    [[gnu::always_inline]] constexpr int group_bytes() const {
        switch (scale_kind) {
            case ScaleKind::f16: return 2 * panel_rows;
            case ScaleKind::f16_minima:
            case ScaleKind::f32: return 4 * panel_rows;
            case ScaleKind::e8m0: return panel_rows;
            case ScaleKind::super_block: return 0;
            case ScaleKind::levels8: return panel_rows;
            case ScaleKind::levels8_minima: return 2 * panel_rows;
            case ScaleKind::levels4_minima: return panel_rows;
        }
        return 0;
    }
    [[gnu::always_inline]] constexpr bool operator==(const PackedKind& other) const {
        return index == other.index;
    }
};

inline constexpr PackedKind packed_kinds[] = {
    {0, 4, 32, 8, CodeLevels::none, ScaleKind::f16},             // q4_0
    {1, 4, 32, 0, CodeLevels::none, ScaleKind::f16_minima},      // q4_1
    {2, 5, 32, 16, CodeLevels::none, ScaleKind::f16},            // q5_0
    {3, 5, 32, 0, CodeLevels::none, ScaleKind::f16_minima},      // q5_1
    {4, 8, 32, 128, CodeLevels::none, ScaleKind::f16},           // q8_0
    {5, 2, 16, 0, CodeLevels::none, ScaleKind::levels4_minima},  // q2_K
    {6, 3, 16, 4, CodeLevels::none, ScaleKind::levels8},         // q3_K
    {7, 4, 32, 0, CodeLevels::none, ScaleKind::levels8_minima},  // q4_K
    {8, 5, 32, 0, CodeLevels::none, ScaleKind::levels8_minima},  // q5_K
    {9, 6, 16, 32, CodeLevels::none, ScaleKind::levels8},        // q6_K
    {10, 4, 32, 128, CodeLevels::iq4, ScaleKind::f16},           // iq4_nl
    {11, 4, 32, 128, CodeLevels::iq4, ScaleKind::levels8},       // iq4_xs
    {12, 4, 32, 128, CodeLevels::fp4, ScaleKind::e8m0},          // mxfp4
    {13, 4, 16, 128, CodeLevels::fp4, ScaleKind::f16},           // nvfp4
    {14, 2, 32, 1, CodeLevels::none, ScaleKind::super_block},    // tq1_0, tq2_0
    {15, 8, 32, 128, CodeLevels::none, ScaleKind::f32},          // the codebooks of iq1, iq2, iq3
    {16, 8, 16, 128, CodeLevels::none, ScaleKind::f32},          // those with groups of 16
};
inline constexpr int packed_kind_count = sizeof(packed_kinds) / sizeof(packed_kinds[0]);

}  // namespace lamina::quant
