#include "quant/packed.hpp"

#include <algorithm>
#include <cstring>

#include "base/half.hpp"
#include "quant/decode.hpp"

namespace lamina::quant {
namespace {

constexpr std::uint64_t chunk = 256;  // columns unpacked at a time: a multiple of every block size
constexpr std::uint64_t step_bytes = 4 * panel_rows;  // four columns of 16 rows: one vector of 8-bit codes

// The integer view of up to `chunk` columns of a panel; rows that the matrix lacks stay zero.
struct PanelChunk {
    std::int8_t codes[panel_rows][chunk] = {};
    float scales[panel_rows][chunk / 16] = {};
    float minima[panel_rows][chunk / 16] = {};
};

void store_factor(float value, bool f16, std::byte* out, std::uint64_t index) {
    if (f16) {
        const std::uint16_t bits = f32_to_f16(value);
        std::memcpy(out + index * sizeof bits, &bits, sizeof bits);
    } else {
        std::memcpy(out + index * sizeof value, &value, sizeof value);
    }
}

float load_factor(bool f16, const std::byte* in, std::uint64_t index) {
    if (f16) {
        std::uint16_t bits;
        std::memcpy(&bits, in + index * sizeof bits, sizeof bits);
        return f16_to_f32(bits);
    }
    float value;
    std::memcpy(&value, in + index * sizeof value, sizeof value);
    return value;
}

// Four consecutive codes of a row, as the packed layout keeps them side by side.
std::uint32_t four_codes(const std::int8_t* codes) {
    std::uint32_t word;
    std::memcpy(&word, codes, sizeof word);
    return word;
}

// Codes of one group from column `column` of the chunk on.
void pack_codes(const PanelChunk& in, std::uint64_t column, const PackedKind& kind, std::byte* out) {
    const std::uint64_t steps = kind.group / 4u;
    const std::uint64_t vectors = kind.code_bits == 4 ? steps / 2 : steps;
    for (std::uint64_t v = 0; v < vectors; ++v) {
        for (std::uint64_t r = 0; r < panel_rows; ++r) {
            const std::int8_t* row = in.codes[r] + column;
            std::uint32_t word = four_codes(row + 4 * v);
            if (kind.code_bits == 4) word |= four_codes(row + 4 * (v + vectors)) << 4;  // no byte exceeds 15
            std::memcpy(out + v * step_bytes + 4 * r, &word, sizeof word);
        }
    }
}

void pack_factors(const PanelChunk& in, std::uint64_t group, const PackedKind& kind, std::byte* out) {
    for (std::uint64_t r = 0; r < panel_rows; ++r) store_factor(in.scales[r][group], kind.f16_scales, out, r);
    if (!kind.has_minima) return;
    for (std::uint64_t r = 0; r < panel_rows; ++r) {
        store_factor(in.minima[r][group], kind.f16_scales, out, panel_rows + r);
    }
}

// `blocks` is the first of `rows` (1..16) rows; `out` is the panel.
void pack_panel(DType type, const std::byte* blocks, const PackedShape& shape, std::uint64_t rows,
                std::byte* out) {
    const PackedKind& kind = shape.kind;
    const std::uint64_t row_stride = row_bytes(type, shape.columns);
    std::byte* factors = out + shape.factors_offset();
    PanelChunk panel;
    for (std::uint64_t first = 0; first < shape.columns; first += chunk) {
        const std::uint64_t columns = std::min(chunk, shape.columns - first);
        for (std::uint64_t r = 0; r < rows; ++r) {
            const std::byte* row = blocks + r * row_stride + row_bytes(type, first);
            unpack(type, row, columns, panel.codes[r], panel.scales[r], panel.minima[r]);
        }
        for (std::uint64_t column = 0; column < columns; column += kind.group) {
            const std::uint64_t group = (first + column) / kind.group;
            pack_codes(panel, column, kind, out + group * kind.code_bytes());
            pack_factors(panel, column / kind.group, kind, factors + group * kind.factor_bytes());
        }
    }
    std::byte* end = factors + shape.groups() * kind.factor_bytes();
    std::fill(end, out + shape.panel_bytes(), std::byte{0});  // equal matrices, equal bytes
}

// Code of row r, column c within a group.
int packed_code(const PackedKind& kind, const std::byte* group, std::uint64_t r, std::uint64_t c) {
    const std::uint64_t step = c / 4, lane = 4 * r + c % 4;
    if (kind.code_bits == 8) return static_cast<std::int8_t>(group[step * step_bytes + lane]);
    const std::uint64_t vectors = kind.group / 8u;
    const auto pair = static_cast<unsigned>(group[step % vectors * step_bytes + lane]);
    return static_cast<int>(step < vectors ? pair & 15 : pair >> 4);
}

}  // namespace

PackedKind packed_kind(DType type) {
    const IntegerView view = integer_view(type);
    return {.code_bits = static_cast<std::uint8_t>(view.code_bits),
            .group = static_cast<std::uint8_t>(view.group),
            .has_minima = view.has_minimum,
            .f16_scales = view.f16_scales};
}

void pack(DType type, const std::byte* blocks, const PackedShape& shape, std::uint64_t first,
          std::uint64_t last, std::byte* out) {
    const std::uint64_t panel_input = panel_rows * row_bytes(type, shape.columns);
    for (std::uint64_t p = first; p < last; ++p) {
        const std::uint64_t rows = std::min<std::uint64_t>(panel_rows, shape.rows - p * panel_rows);
        pack_panel(type, blocks + p * panel_input, shape, rows, out + p * shape.panel_bytes());
    }
}

void unpack_row(const PackedShape& shape, const std::byte* packed, std::uint64_t row, float* out) {
    const PackedKind& kind = shape.kind;
    const std::byte* panel = packed + row / panel_rows * shape.panel_bytes();
    const std::uint64_t r = row % panel_rows;
    for (std::uint64_t g = 0; g < shape.groups(); ++g) {
        const std::byte* codes = panel + g * kind.code_bytes();
        const std::byte* factors = panel + shape.factors_offset() + g * kind.factor_bytes();
        const float scale = load_factor(kind.f16_scales, factors, r);
        const float minimum = kind.has_minima ? load_factor(kind.f16_scales, factors, panel_rows + r) : 0.0f;
        for (std::uint64_t c = 0; c < kind.group; ++c) {
            out[g * kind.group + c] = scale * static_cast<float>(packed_code(kind, codes, r, c)) + minimum;
        }
    }
}

}  // namespace lamina::quant
