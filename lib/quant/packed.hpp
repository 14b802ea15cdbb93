// The packed layout: quantized matrices rearranged once, at load, into panels that every ISA (and the CUDA
// kernels) can stream from memory front to back, as large as the blocks of the file were or a little larger.
//
// A matrix [rows, columns] (rows = outputs, columns = inputs) is cut into panels of 16 rows. It holds, one
// region after the other, the codes of all panels and the scales of all panels, so that whoever computes
// panel after panel reads two streams without a gap:
//
//   codes    of a panel, column block after column block of 32 columns. Four consecutive columns are a step;
//   a column block
//            has eight. A step's codes are 64 bytes, byte 4*r + i being row r, column 4*step + i: four
//            consecutive inputs of each of 16 rows side by side, as vpdpbusd wants them. Codes of 8 bits are
//            eight such vectors. Smaller ones are cut into planes of 4, 2 or 1 bits, the low bits first (2;
//            2+1; 4; 4+1; 4+2), a plane of b bits being b vectors: step s lies in vector s*b/8, from bit
//            s*b%8 on.
//
//   scales  of a panel, as the kind says (packed_kind.hpp): for each 256 columns their super-block scales and
//   their
//            groups, or group after group.
//
// so that weight[r, c] = scale[r] * (value of code[r, c] - zero) + minimum[r]. Every vector of codes is
// aligned to 64 bytes, scales to 16, super-block scales to 32. The last panel is padded with rows whose
// scales are zero, the matrix with zero bytes to a multiple of 64. Columns are a multiple of 32, and of 256
// in kinds with super-block scales, by the formats' own rules.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/dtype.hpp"
#include "quant/packed_kind.hpp"

namespace lamina::quant {

// The kind that a block type is packed to.
const PackedKind& packed_kind(DType type);

// False for codebooks: packed, they would take several times the bytes of their blocks. Their panels are made
// when they are multiplied.
inline bool worth_packing(const PackedKind& kind) { return kind.scale_kind != ScaleKind::f32; }

struct PackedShape {
    PackedKind kind;
    std::uint64_t rows = 0, columns = 0;

    std::uint64_t panels() const { return (rows + panel_rows - 1) / panel_rows; }
    std::uint64_t column_blocks() const { return columns / panel_block_columns; }
    std::uint64_t groups() const { return columns / kind.group; }
    std::uint64_t codes_bytes() const {  // of a panel
        return column_blocks() * static_cast<std::uint64_t>(kind.code_bytes());
    }
    std::uint64_t scale_bytes() const {  // of a panel
        return columns / panel_super_columns * static_cast<std::uint64_t>(kind.super_scale_bytes()) +
               groups() * static_cast<std::uint64_t>(kind.group_bytes());
    }
    std::uint64_t panel_bytes() const { return codes_bytes() + scale_bytes(); }
    // Where a panel's codes and scales begin.
    std::uint64_t codes_at(std::uint64_t panel) const { return panel * codes_bytes(); }
    std::uint64_t scales_at(std::uint64_t panel) const {
        return panels() * codes_bytes() + panel * scale_bytes();
    }
    std::uint64_t bytes() const { return (panels() * panel_bytes() + 63) / 64 * 64; }
};

// Packs panels [first, last) of a matrix stored as blocks of `type`, rows of row_bytes(type, columns) bytes
// each. `out` is the start of the whole packed matrix, 64-byte aligned. Panels are independent: threads share
// the work.
void pack(DType type, const std::byte* blocks, const PackedShape& shape, std::uint64_t first,
          std::uint64_t last, std::byte* out);

// Decodes one row back to f32[columns] (embedding lookups, tests).
void unpack_row(const PackedShape& shape, const std::byte* packed, std::uint64_t row, float* out);

}  // namespace lamina::quant
