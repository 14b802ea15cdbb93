// The packed layout: quantized matrices rearranged once, at load, into panels that every ISA (and the CUDA
// kernels) can stream from memory front to back.
//
// A matrix [rows, columns] (rows = outputs, columns = inputs) is cut into panels of 16 rows. The columns of a
// panel are cut into groups of `group` (16 or 32) that share a scale. A panel holds, one region after the
// other:
//
//   codes    group after group.
//            8-bit: group/4 vectors of 64 bytes; byte 4*r + i of vector v is row r, column 4*v + i: four
//            consecutive inputs of each of 16 rows side by side, as vpdpbusd wants them. Signed, -128..127.
//            4-bit: group/8 vectors of 64 bytes; the low nibbles of vector v are step v, the high nibbles
//            step v + group/8, a step being four columns laid out as above. Unsigned, 0..15.
//
//   factors  group after group: 16 scales, one a row, then 16 minima if the kind has them; f16 or f32.
//
// so that weight[r, c] = scale[r] * code[r, c] + minimum[r]. Every vector of codes is aligned to 64 bytes,
// factors to 32. The last panel is padded with rows of zeros, every panel with zero bytes to a multiple of
// 64; columns are a multiple of the group by the formats' own rules.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/dtype.hpp"

namespace lamina::quant {

inline constexpr int panel_rows = 16;

struct PackedKind {
    std::uint8_t code_bits = 8;  // 4 or 8
    std::uint8_t group = 32;     // 16 or 32
    bool has_minima = false;
    bool f16_scales = true;

    // Bytes of one group of a panel.
    std::uint64_t code_bytes() const { return std::uint64_t{panel_rows} * group * code_bits / 8; }
    std::uint64_t factor_bytes() const {
        return std::uint64_t{panel_rows} * (f16_scales ? 2 : 4) * (has_minima ? 2 : 1);
    }
    bool operator==(const PackedKind&) const = default;
};

// The kind that a block type is packed to.
PackedKind packed_kind(DType type);

struct PackedShape {
    PackedKind kind;
    std::uint64_t rows = 0, columns = 0;

    std::uint64_t panels() const { return (rows + panel_rows - 1) / panel_rows; }
    std::uint64_t groups() const { return columns / kind.group; }
    std::uint64_t factors_offset() const { return groups() * kind.code_bytes(); }  // in a panel
    std::uint64_t panel_bytes() const {
        return (groups() * (kind.code_bytes() + kind.factor_bytes()) + 63) / 64 * 64;
    }
    std::uint64_t bytes() const { return panels() * panel_bytes(); }
};

// Packs panels [first, last) of a matrix stored as blocks of `type`, rows of row_bytes(type, columns) bytes
// each. `out` is the start of the whole packed matrix, 64-byte aligned. Panels are independent: threads share
// the work.
void pack(DType type, const std::byte* blocks, const PackedShape& shape, std::uint64_t first,
          std::uint64_t last, std::byte* out);

// Decodes one row back to f32[columns] (embedding lookups, tests).
void unpack_row(const PackedShape& shape, const std::byte* packed, std::uint64_t row, float* out);

}  // namespace lamina::quant
