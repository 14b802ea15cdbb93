#include "quant/packed.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/half.hpp"
#include "quant/block_type.hpp"

namespace lamina::quant {
namespace {

constexpr std::uint64_t super =
    panel_super_columns;  // columns taken at a time: a multiple of every block size
constexpr std::uint64_t steps = panel_block_columns / 4;  // of a column block
constexpr std::uint64_t vector_bytes = 4 * panel_rows;

// A run of the bits of codes that is stored apart.
struct Plane {
    int bits, from;
};
struct Planes {
    std::array<Plane, 2> plane{};
    int count = 0;
};
constexpr Planes planes_of(int code_bits) {
    switch (code_bits) {
        case 3: return {{{{2, 0}, {1, 2}}}, 2};
        case 5: return {{{{4, 0}, {1, 4}}}, 2};
        case 6: return {{{{4, 0}, {2, 4}}}, 2};
        default: return {{{{code_bits, 0}}}, 1};
    }
}

// Index of a level, by the level as an unsigned byte.
using Inverse = std::array<std::int8_t, 256>;
constexpr Inverse inverse_of(const std::int8_t (&levels)[16]) {
    Inverse out{};
    for (int i = 15; i >= 0; --i) out[static_cast<std::uint8_t>(levels[i])] = static_cast<std::int8_t>(i);
    return out;
}
constexpr Inverse iq4_indices = inverse_of(iq4_levels), fp4_indices = inverse_of(fp4_levels);

// Up to 256 columns of a panel; what the matrix lacks stays zero.
struct PanelPart {
    std::int8_t codes[panel_rows][super] = {};  // as they are stored
    float scales[panel_rows][super / 16] = {}, minima[panel_rows][super / 16] = {};
    StoredScales stored[panel_rows] = {};  // of the kinds that keep them as they are
};

bool keeps_stored(const PackedKind& kind) {
    return kind.has_super_scales() || kind.scale_kind == ScaleKind::e8m0;
}

// Codes of the integer view as they are stored.
void to_stored(const PackedKind& kind, std::int8_t* codes, std::uint64_t count) {
    if (kind.levels != CodeLevels::none) {
        const Inverse& indices = kind.levels == CodeLevels::iq4 ? iq4_indices : fp4_indices;
        for (std::uint64_t i = 0; i < count; ++i) codes[i] = indices[static_cast<std::uint8_t>(codes[i])];
    } else if (kind.code_bits < 8 && kind.zero != 0) {
        for (std::uint64_t i = 0; i < count; ++i) codes[i] = static_cast<std::int8_t>(codes[i] + kind.zero);
    }
}

void pack_codes(const PanelPart& in, std::uint64_t column, const PackedKind& kind, std::byte* out) {
    std::uint32_t words[steps][panel_rows];  // a step's codes of a row
    for (std::size_t r = 0; r < panel_rows; ++r) {
        for (std::uint64_t s = 0; s < steps; ++s)
            std::memcpy(&words[s][r], in.codes[r] + column + 4 * s, sizeof words[s][r]);
    }
    const Planes planes = planes_of(kind.code_bits);
    for (int p = 0; p < planes.count; ++p) {
        const auto [bits, from] = planes.plane[static_cast<std::size_t>(p)];
        const auto mask = ((1u << bits) - 1) * 0x01010101u;
        const std::uint64_t together = static_cast<std::uint64_t>(8 / bits);  // steps of a vector
        for (std::uint64_t first = 0; first < steps; first += together, out += vector_bytes) {
            std::uint32_t vector[panel_rows] = {};
            for (std::uint64_t s = 0; s < together; ++s) {
                for (std::size_t r = 0; r < panel_rows; ++r)
                    vector[r] |= ((words[first + s][r] >> from) & mask) << (s * static_cast<unsigned>(bits));
            }
            std::memcpy(out, vector, sizeof vector);
        }
    }
}

// Writes 16 values, one a row.
template <class Value, class Of>
std::byte* put_rows(std::byte* out, Of of) {
    Value values[panel_rows];
    for (std::size_t r = 0; r < panel_rows; ++r) values[r] = of(r);
    std::memcpy(out, values, sizeof values);
    return out + sizeof values;
}

std::byte* pack_super_scales(const PanelPart& in, const PackedKind& kind, std::byte* out) {
    if (!kind.has_super_scales()) return out;
    out = put_rows<std::uint16_t>(out, [&](std::size_t r) { return in.stored[r].unit; });
    if (!kind.has_minima()) return out;
    return put_rows<std::uint16_t>(out, [&](std::size_t r) { return in.stored[r].minimum_unit; });
}

std::byte* pack_group(const PanelPart& in, std::uint64_t g, const PackedKind& kind, std::byte* out) {
    const auto scale = [&](std::size_t r) { return in.scales[r][g]; };
    const auto minimum = [&](std::size_t r) { return in.minima[r][g]; };
    const auto level = [&](std::size_t r) { return in.stored[r].scales[g]; };
    const auto minimum_level = [&](std::size_t r) { return in.stored[r].minima[g]; };
    using Half = std::uint16_t;
    switch (kind.scale_kind) {
        case ScaleKind::super_block: break;
        case ScaleKind::f32: return put_rows<float>(out, scale);
        case ScaleKind::f16: return put_rows<Half>(out, [&](std::size_t r) { return f32_to_f16(scale(r)); });
        case ScaleKind::f16_minima:
            out = put_rows<Half>(out, [&](std::size_t r) { return f32_to_f16(scale(r)); });
            return put_rows<Half>(out, [&](std::size_t r) { return f32_to_f16(minimum(r)); });
        case ScaleKind::e8m0:
        case ScaleKind::levels8: return put_rows<std::int8_t>(out, level);
        case ScaleKind::levels8_minima:
            return put_rows<std::int8_t>(put_rows<std::int8_t>(out, level), minimum_level);
        case ScaleKind::levels4_minima:
            return put_rows<std::uint8_t>(out, [&](std::size_t r) {
                return static_cast<std::uint8_t>(level(r) | minimum_level(r) << 4);
            });
    }
    return out;
}

// `columns` elements of a row, from `blocks` on.
void take_row(DType type, const std::byte* blocks, std::uint64_t columns, const PackedKind& kind,
              std::size_t r, PanelPart& part) {
    unpack(type, blocks, columns, part.codes[r], part.scales[r], part.minima[r]);
    to_stored(kind, part.codes[r], columns);
    if (!keeps_stored(kind)) return;
    const BlockType& block = block_type(type);
    const std::uint64_t block_columns = info(type).block_size;
    const std::uint64_t groups = block_columns / kind.group;
    for (std::uint64_t b = 0; b < columns / block_columns; ++b) {
        const StoredScales stored = block.stored(blocks + b * info(type).block_bytes);
        part.stored[r].unit = stored.unit;
        part.stored[r].minimum_unit = stored.minimum_unit;
        for (std::uint64_t g = 0; g < groups; ++g) {
            part.stored[r].scales[b * groups + g] = stored.scales[g];
            part.stored[r].minima[b * groups + g] = stored.minima[g];
        }
    }
}

// `blocks` is the first of `rows` (1..16) rows.
void pack_panel(DType type, const std::byte* blocks, const PackedShape& shape, std::uint64_t rows,
                std::byte* codes, std::byte* weight_scales) {
    const PackedKind& kind = shape.kind;
    const std::uint64_t row_stride = row_bytes(type, shape.columns);
    PanelPart part;
    for (std::uint64_t first = 0; first < shape.columns; first += super) {
        const std::uint64_t columns = std::min(super, shape.columns - first);
        for (std::uint64_t r = 0; r < rows; ++r)
            take_row(type, blocks + r * row_stride + row_bytes(type, first), columns, kind, r, part);
        for (std::uint64_t column = 0; column < columns; column += panel_block_columns) {
            pack_codes(part, column, kind, codes);
            codes += kind.code_bytes();
        }
        weight_scales = pack_super_scales(part, kind, weight_scales);
        for (std::uint64_t g = 0; g < columns / kind.group; ++g)
            weight_scales = pack_group(part, g, kind, weight_scales);
    }
}

// The value of row r's code in column c of a column block.
int code_value(const PackedKind& kind, const std::byte* block_columns, std::uint64_t r, std::uint64_t c) {
    const std::uint64_t step = c / 4, lane = 4 * r + c % 4;
    if (kind.code_bits == 8) return static_cast<std::int8_t>(block_columns[step * vector_bytes + lane]);
    const Planes planes = planes_of(kind.code_bits);
    unsigned code = 0;
    for (int p = 0; p < planes.count; ++p) {
        const auto [bits, from] = planes.plane[static_cast<std::size_t>(p)];
        const std::uint64_t bit = step * static_cast<std::uint64_t>(bits);
        const auto byte = static_cast<unsigned>(block_columns[bit / 8 * vector_bytes + lane]);
        code |= ((byte >> (bit % 8)) & ((1u << bits) - 1)) << from;
        block_columns += static_cast<std::uint64_t>(bits) * vector_bytes;
    }
    switch (kind.levels) {
        case CodeLevels::iq4: return iq4_levels[code];
        case CodeLevels::fp4: return fp4_levels[code];
        case CodeLevels::none: break;
    }
    return static_cast<int>(code) - kind.zero;
}

template <class Value>
Value row_value(const std::byte* rows, std::uint64_t r) {
    Value value;
    std::memcpy(&value, rows + r * sizeof value, sizeof value);
    return value;
}
float half_value(const std::byte* rows, std::uint64_t r) {
    return f16_to_f32(row_value<std::uint16_t>(rows, r));
}

struct ScaleAndMin {
    float scale = 0, minimum = 0;
};

// Of row r; `super_scales` are those of the group's 256 columns, `group` its own bytes.
ScaleAndMin scale_and_min(const PackedKind& kind, const std::byte* super_scales, const std::byte* group,
                          std::uint64_t r) {
    const std::byte* second = group + kind.group_bytes() / 2;
    switch (kind.scale_kind) {
        case ScaleKind::f16: return {half_value(group, r)};
        case ScaleKind::f16_minima: return {half_value(group, r), half_value(second, r)};
        case ScaleKind::f32: return {row_value<float>(group, r)};
        case ScaleKind::e8m0: return {half_e8m0(row_value<std::uint8_t>(group, r))};
        case ScaleKind::super_block: return {half_value(super_scales, r)};
        case ScaleKind::levels8:
            return {half_value(super_scales, r) * static_cast<float>(row_value<std::int8_t>(group, r))};
        case ScaleKind::levels8_minima:
            return {half_value(super_scales, r) * static_cast<float>(row_value<std::uint8_t>(group, r)),
                    -(half_value(super_scales, panel_rows + r) *
                      static_cast<float>(row_value<std::uint8_t>(second, r)))};
        case ScaleKind::levels4_minima: {
            const int both = row_value<std::uint8_t>(group, r);
            return {half_value(super_scales, r) * static_cast<float>(both & 15),
                    -(half_value(super_scales, panel_rows + r) * static_cast<float>(both >> 4))};
        }
    }
    return {};
}

}  // namespace

const PackedKind& packed_kind(DType type) {
    const int index = block_type(type).packed;
    return packed_kinds[index];
}

void pack(DType type, const std::byte* blocks, const PackedShape& shape, std::uint64_t first,
          std::uint64_t last, std::byte* out) {
    const std::uint64_t panel_input = panel_rows * row_bytes(type, shape.columns);
    for (std::uint64_t p = first; p < last; ++p) {
        const std::uint64_t rows = std::min<std::uint64_t>(panel_rows, shape.rows - p * panel_rows);
        pack_panel(type, blocks + p * panel_input, shape, rows, out + shape.codes_at(p),
                   out + shape.scales_at(p));
    }
    // Equal matrices, equal bytes.
    if (last == shape.panels()) std::fill(out + shape.scales_at(last), out + shape.bytes(), std::byte{0});
}

void unpack_row(const PackedShape& shape, const std::byte* packed, std::uint64_t row, float* out) {
    const PackedKind& kind = shape.kind;
    const std::byte* codes = packed + shape.codes_at(row / panel_rows);
    const std::byte* weight_scales = packed + shape.scales_at(row / panel_rows);
    const std::byte* super_scales = weight_scales;
    const std::uint64_t r = row % panel_rows;
    for (std::uint64_t first = 0; first < shape.columns; first += kind.group) {
        if (first % super == 0) {
            super_scales = weight_scales;
            weight_scales += kind.super_scale_bytes();
        }
        const ScaleAndMin of = scale_and_min(kind, super_scales, weight_scales, r);
        weight_scales += kind.group_bytes();
        const std::byte* block_columns =
            codes + first / panel_block_columns * static_cast<std::uint64_t>(kind.code_bytes());
        for (std::uint64_t c = 0; c < kind.group; ++c) {
            const int code = code_value(kind, block_columns, r, first % panel_block_columns + c);
            const float product = of.scale * static_cast<float>(code);
            out[first + c] = kind.has_minima() ? product + of.minimum : product;
        }
    }
}

}  // namespace lamina::quant
