#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <memory>

#include "base/half.hpp"
#include "block_types.hpp"
#include "quant/decode.hpp"
#include "quant/packed.hpp"
#include "support/random.hpp"

using namespace lamina;
using namespace lamina::test;
using quant::PackedShape;

namespace {

// A random matrix of one type, its integer view, and its packed form.
struct Matrix {
    DType type;
    PackedShape shape;
    std::vector<std::byte> blocks;
    std::vector<std::int8_t> codes;
    std::vector<float> scales, minima;
    std::vector<std::byte> packed;

    Matrix(DType type_, std::uint64_t rows, std::uint64_t columns, Random& random)
        : type(type_), shape{quant::packed_kind(type_), rows, columns} {
        blocks = random.weights(type, rows * columns, 0.05f);
        codes.resize(rows * columns);
        scales.resize(rows * shape.groups());
        minima.resize(rows * shape.groups());
        quant::unpack(type, blocks.data(), rows * columns, codes.data(), scales.data(), minima.data());
        packed.assign(shape.bytes(), std::byte{0xA5});
        quant::pack(type, blocks.data(), shape, 0, shape.panels(), packed.data());
    }

    std::vector<float> expected_row(std::uint64_t row) const {
        std::vector<float> out(shape.columns);
        for (std::uint64_t c = 0; c < shape.columns; ++c) {
            const std::uint64_t g = row * shape.groups() + c / shape.kind.group;
            out[c] = scales[g] * static_cast<float>(codes[row * shape.columns + c]) + minima[g];
        }
        return out;
    }
};

}  // namespace

TEST_CASE("quant: a packed matrix unpacks to exactly scale * code + minimum") {
    Random random(15);
    for (DType type : block_types()) {
        for (std::uint64_t rows : {1, 15, 16, 17, 40}) {
            for (std::uint64_t blocks : {1, 3, 11}) {
                const std::uint64_t columns = blocks * info(type).block_size;
                CAPTURE(name(type), rows, columns);
                const Matrix matrix(type, rows, columns, random);
                std::uint64_t wrong = 0;
                for (std::uint64_t r = 0; r < rows; ++r) {
                    std::vector<float> row(columns, NAN);
                    quant::unpack_row(matrix.shape, matrix.packed.data(), r, row.data());
                    wrong += row != matrix.expected_row(r);
                }
                CHECK(wrong == 0);
            }
        }
    }
}

TEST_CASE("quant: packed codes and factors lie where the layout says") {
    Random random(16);
    for (DType type : block_types()) {
        CAPTURE(name(type));
        const std::uint64_t rows = 20, columns = 2 * info(type).block_size;
        const Matrix matrix(type, rows, columns, random);
        const auto& kind = matrix.shape.kind;
        const std::uint64_t group_bytes = 16u * kind.group * kind.code_bits / 8;
        const std::uint64_t factor_size = kind.f16_scales ? 2 : 4, factors = kind.has_minima ? 32 : 16;
        std::uint64_t wrong = 0;
        const auto code_at = [&](const std::byte* panel, std::uint64_t r, std::uint64_t c) {
            const std::byte* group = panel + c / kind.group * group_bytes;
            const std::uint64_t step = c % kind.group / 4, lane = 4 * r + c % 4;
            if (kind.code_bits == 8) return int{static_cast<std::int8_t>(group[64 * step + lane])};
            const std::uint64_t half = kind.group / 8u;
            if (step < half) return static_cast<int>(group[64 * step + lane]) & 15;
            return static_cast<int>(group[64 * (step - half) + lane]) >> 4;
        };
        const auto factor_at = [&](const std::byte* panel, std::uint64_t group, std::uint64_t index) {
            const std::byte* at =
                panel + columns / kind.group * group_bytes + (group * factors + index) * factor_size;
            std::uint32_t bits = 0;
            std::memcpy(&bits, at, factor_size);
            return kind.f16_scales ? f16_to_f32(static_cast<std::uint16_t>(bits))
                                   : std::bit_cast<float>(bits);
        };
        for (std::uint64_t r = 0; r < 32; ++r) {
            const std::byte* panel = matrix.packed.data() + r / 16 * matrix.shape.panel_bytes();
            for (std::uint64_t c = 0; c < columns; ++c) {
                const std::uint64_t group = c / kind.group, g = r * matrix.shape.groups() + group;
                const bool padding = r >= rows;
                wrong += code_at(panel, r % 16, c) != (padding ? 0 : int{matrix.codes[r * columns + c]});
                wrong += factor_at(panel, group, r % 16) != (padding ? 0.0f : matrix.scales[g]);
                if (kind.has_minima)
                    wrong += factor_at(panel, group, 16 + r % 16) != (padding ? 0.0f : matrix.minima[g]);
            }
        }
        CHECK(wrong == 0);
        CHECK(matrix.shape.panel_bytes() % 64 == 0);
        CHECK(matrix.shape.factors_offset() % 64 == 0);
    }
}

TEST_CASE("quant: panels are packed independently and write only their own bytes") {
    Random random(17);
    for (DType type : block_types()) {
        CAPTURE(name(type));
        const Matrix matrix(type, 40, info(type).block_size, random);
        const std::uint64_t panel = matrix.shape.panel_bytes();
        std::vector<std::byte> apart(matrix.packed.size(), std::byte{0x5A});
        quant::pack(type, matrix.blocks.data(), matrix.shape, 1, 2, apart.data());
        CHECK(std::all_of(apart.begin(), apart.begin() + std::ptrdiff_t(panel),
                          [](std::byte b) { return b == std::byte{0x5A}; }));
        CHECK(std::all_of(apart.begin() + std::ptrdiff_t(2 * panel), apart.end(),
                          [](std::byte b) { return b == std::byte{0x5A}; }));
        quant::pack(type, matrix.blocks.data(), matrix.shape, 2, 3, apart.data());
        quant::pack(type, matrix.blocks.data(), matrix.shape, 0, 1, apart.data());
        CHECK(apart == matrix.packed);
    }
}

TEST_CASE("quant: a q4_0 scale too large for a packed minimum gives infinities, not wrong weights") {
    std::vector<std::byte> blocks(2 * info(DType::q4_0).block_bytes, std::byte{0x11});
    const std::uint16_t largest_fitting = f32_to_f16(8184.0f), too_large = f32_to_f16(8192.0f);
    std::memcpy(blocks.data(), &largest_fitting, 2);
    std::memcpy(blocks.data() + info(DType::q4_0).block_bytes, &too_large, 2);
    const PackedShape shape{quant::packed_kind(DType::q4_0), 2, 32};
    std::vector<std::byte> packed(shape.bytes());
    quant::pack(DType::q4_0, blocks.data(), shape, 0, 1, packed.data());
    float row[32];
    quant::unpack_row(shape, packed.data(), 0, row);
    CHECK(row[0] == -7 * 8184.0f);
    quant::unpack_row(shape, packed.data(), 1, row);
    CHECK(std::isinf(row[0]));
}
