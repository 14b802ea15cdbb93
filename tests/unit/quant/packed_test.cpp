#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <map>
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

TEST_CASE("quant: packed codes lie where the layout says") {
    Random random(16);
    // The planes of a code, low bits first.
    const std::map<int, std::vector<int>> planes = {{2, {2}},    {3, {2, 1}}, {4, {4}},
                                                    {5, {4, 1}}, {6, {4, 2}}, {8, {8}}};
    for (DType type : block_types()) {
        CAPTURE(name(type));
        const std::uint64_t rows = 20, columns = 2 * info(type).block_size;
        const Matrix matrix(type, rows, columns, random);
        const auto& kind = matrix.shape.kind;
        const auto code_at = [&](std::uint64_t r, std::uint64_t c) {
            const std::byte* at =
                matrix.packed.data() + r / 16 * matrix.shape.codes_bytes() + c / 32 * 64 * kind.code_bits;
            const std::uint64_t step = c % 32 / 4;
            unsigned code = 0;
            int from = 0;
            for (const int bits : planes.at(kind.code_bits)) {
                const std::uint64_t bit = step * static_cast<unsigned>(bits);
                const auto byte = static_cast<unsigned>(at[64 * (bit / 8) + 4 * (r % 16) + c % 4]);
                code |= ((byte >> bit % 8) & ((1u << bits) - 1)) << from;
                from += bits;
                at += 64 * bits;
            }
            if (kind.code_bits == 8) return int{static_cast<std::int8_t>(code)};
            if (kind.levels == quant::CodeLevels::iq4) return int{quant::iq4_levels[code]};
            if (kind.levels == quant::CodeLevels::fp4) return int{quant::fp4_levels[code]};
            return static_cast<int>(code) - kind.zero;
        };
        std::uint64_t wrong = 0;
        for (std::uint64_t r = 0; r < rows; ++r) {
            for (std::uint64_t c = 0; c < columns; ++c)
                wrong += code_at(r, c) != matrix.codes[r * columns + c];
        }
        CHECK(wrong == 0);
        CHECK(matrix.shape.bytes() % 64 == 0);
        CHECK(matrix.shape.codes_bytes() % 64 == 0);
        CHECK(matrix.shape.scale_bytes() % (kind.has_super_scales() ? 32 : 16) == 0);
    }
}

TEST_CASE("quant: packed matrices are hardly larger than the blocks they were") {
    for (DType type : block_types()) {
        CAPTURE(name(type));
        const PackedShape shape{quant::packed_kind(type), 64, 2048};
        const double ratio =
            static_cast<double>(shape.bytes()) / static_cast<double>(64 * row_bytes(type, 2048));
        if (shape.kind.scale_kind == quant::ScaleKind::f32) {
            CHECK(ratio <= 6.3);  // codebooks, spelled out
        } else {
            CHECK(ratio <= 1.25);
        }
    }
    // As many bytes, in whole lines of 64.
    const auto more = [](DType type) {
        return PackedShape{quant::packed_kind(type), 16, 256}.bytes() - 16 * row_bytes(type, 256);
    };
    for (DType type : {DType::q4_0, DType::q4_1, DType::q5_0, DType::q5_1, DType::q8_0, DType::q2_k,
                       DType::q6_k, DType::iq4_nl, DType::tq2_0, DType::mxfp4}) {
        CAPTURE(name(type));
        CHECK(more(type) < 64);
    }
}

TEST_CASE("quant: panels are packed independently and write only their own bytes") {
    Random random(17);
    for (DType type : block_types()) {
        CAPTURE(name(type));
        const Matrix matrix(type, 40, info(type).block_size, random);
        const auto& shape = matrix.shape;
        std::vector<std::byte> apart(matrix.packed.size(), std::byte{0x5A});
        quant::pack(type, matrix.blocks.data(), shape, 1, 2, apart.data());
        const auto untouched = [&](std::uint64_t first, std::uint64_t last) {
            return std::all_of(apart.begin() + std::ptrdiff_t(first), apart.begin() + std::ptrdiff_t(last),
                               [](std::byte b) { return b == std::byte{0x5A}; });
        };
        CHECK(untouched(0, shape.codes_at(1)));
        CHECK(untouched(shape.codes_at(2), shape.scales_at(1)));
        CHECK(untouched(shape.scales_at(2), shape.bytes()));
        quant::pack(type, matrix.blocks.data(), matrix.shape, 2, 3, apart.data());
        quant::pack(type, matrix.blocks.data(), matrix.shape, 0, 1, apart.data());
        CHECK(apart == matrix.packed);
    }
}
