// The packed kernels of every instruction set and every kind of the packed layout, also those no block type
// has now.
#include <catch2/catch.hpp>

#include <array>
#include <cmath>
#include <cstring>

#include "base/half.hpp"
#include "cpu/isa.hpp"
#include "cpu/kernels/linear_task.hpp"
#include "quant/activations.hpp"
#include "quant/packed.hpp"
#include "support/linear_case.hpp"

using namespace lamina;
using test::AlignedBytes;
using test::Random;

namespace {

struct Level {
    cpu::Isa isa;
    const cpu::PackedKernels& kernels;
};

std::vector<Level> levels() {
    std::vector<Level> out = {{cpu::Isa::scalar, cpu::scalar_packed}};
    for (const Level& level :
         {Level{cpu::Isa::avx2, cpu::avx2_packed}, Level{cpu::Isa::avx_vnni, cpu::avx_vnni_packed},
          Level{cpu::Isa::avx512_vnni, cpu::avx512_vnni_packed}}) {
        if (cpu::usable(level.isa, cpu::detected().back())) {
            out.push_back(level);
        } else {
            WARN("not tested, this machine lacks it: " << to_string(level.isa));
        }
    }
    return out;
}

// 16 random halves.
std::byte* fill_halves(Random& random, std::byte* at) {
    for (int i = 0; i < 16; ++i, at += 2) {
        const std::uint16_t half = f32_to_f16(random.normal(0.05f));
        std::memcpy(at, &half, sizeof half);
    }
    return at;
}

// The scales of a group.
std::byte* fill_group(const quant::PackedKind& kind, Random& random, std::byte* at) {
    switch (kind.scale_kind) {
        case quant::ScaleKind::f16: return fill_halves(random, at);
        case quant::ScaleKind::f16_minima: return fill_halves(random, fill_halves(random, at));
        case quant::ScaleKind::f32:
            for (int i = 0; i < 16; ++i, at += 4) {
                const float value = random.normal(0.05f);
                std::memcpy(at, &value, sizeof value);
            }
            return at;
        case quant::ScaleKind::e8m0:
            for (int i = 0; i < 16; ++i) *at++ = static_cast<std::byte>(120 + random.below(12));
            return at;
        default:
            for (int i = 0; i < kind.group_bytes(); ++i) {
                // Levels of 6 bits and a sign; of minima without one.
                auto level = static_cast<int>(random.below(64));
                if (kind.scale_kind == quant::ScaleKind::levels8) level -= 32;
                *at++ = static_cast<std::byte>(level);
            }
            return at;
    }
}

// A panel of random codes, -128 among them, and random scales.
void fill_panel(const quant::PackedShape& shape, Random& random, std::byte* panel) {
    for (std::uint64_t i = 0; i < shape.scales_at(0); ++i)
        panel[i] = static_cast<std::byte>(random.bits() >> 56);
    std::byte* at = panel + shape.scales_at(0);
    for (std::uint64_t column = 0; column < shape.columns; column += shape.kind.group) {
        if (column % 256 == 0 && shape.kind.has_super_scales()) {
            at = fill_halves(random, at);
            if (shape.kind.has_minima()) at = fill_halves(random, at);
        }
        at = fill_group(shape.kind, random, at);
    }
}

// The quantized rows as the kernels want them, and as numbers.
struct Rows {
    std::uint64_t rows, columns, column_blocks;
    AlignedBytes codes, scales, offsets, sums;
    std::vector<float> values;  // [rows, columns]

    Rows(std::uint64_t rows_, std::uint64_t columns_)
        : rows(rows_),
          columns(columns_),
          column_blocks(div_up(columns_, cpu::block_columns)),
          codes(rows_ * column_blocks * 32),
          scales(rows_ * column_blocks * 4),
          offsets(rows_ * column_blocks * 8),
          sums(rows_ * column_blocks * 8),
          values(rows_ * columns_) {}
};

void quantize(const cpu::PackedKernels& kernels, bool by32, const std::vector<float>& x, Rows& out) {
    std::uint64_t start = 0;
    for (std::uint64_t row = 0; row < out.rows; ++row) {
        if (row == start + cpu::block_rows(out.rows - start, kernels.max_block)) start = row;
        const std::uint32_t block = cpu::block_rows(out.rows - start, kernels.max_block);
        const std::uint64_t base = start * out.column_blocks, in_block = row - start, per = by32 ? 1 : 2;
        auto* offsets = reinterpret_cast<std::int32_t*>(out.offsets.data()) + base * per + in_block;
        auto* sums = reinterpret_cast<float*>(out.sums.data()) + base * per + in_block;
        auto* codes = reinterpret_cast<std::int8_t*>(out.codes.data()) + (base + in_block) * 32;
        auto* scales = reinterpret_cast<float*>(out.scales.data()) + base + in_block;
        kernels.quantize({.x = x.data() + row * out.columns,
                          .count = out.columns,
                          .first = 0,
                          .last = out.column_blocks,
                          .block = block,
                          .codes = codes,
                          .scales = scales,
                          .offsets32 = by32 ? offsets : nullptr,
                          .offsets16 = by32 ? nullptr : offsets,
                          .sums32 = by32 ? sums : nullptr,
                          .sums16 = by32 ? nullptr : sums});
        for (std::uint64_t c = 0; c < out.columns; ++c) {
            const std::uint64_t g = c / 32;
            out.values[row * out.columns + c] = scales[g * block] * codes[g * block * 32 + c % 32];
        }
    }
}

struct Result {
    double error;
    bool within_width;  // nothing was written beyond the panel's outputs
};

Result run_panel(const cpu::PackedKernels& kernels, int index, std::uint64_t rows, std::uint64_t columns,
                 std::uint32_t width) {
    Random random(static_cast<std::uint64_t>(index) * 7919 + rows * 104729 + columns + width);
    const quant::PackedShape shape{quant::packed_kinds[index], width, columns};
    AlignedBytes panel(shape.bytes());
    fill_panel(shape, random, panel.data());
    Rows in(rows, columns);
    quantize(kernels, shape.kind.group == 32, random.normals(rows * columns), in);
    constexpr std::uint64_t stride = 24;
    constexpr float untouched = 12345.0f;
    std::vector<float> out(rows * stride, untouched);
    const auto* codes = reinterpret_cast<const std::uint8_t*>(panel.data());
    kernels.panel[index]({.codes = codes,
                          .weight_scales = codes + shape.scales_at(0),
                          .column_blocks = in.column_blocks,
                          .activations = reinterpret_cast<const std::int8_t*>(in.codes.data()),
                          .scales = reinterpret_cast<const float*>(in.scales.data()),
                          .offsets = reinterpret_cast<const std::int32_t*>(in.offsets.data()),
                          .sums = reinterpret_cast<const float*>(in.sums.data()),
                          .first_row = 0,
                          .last_row = rows,
                          .rows = rows,
                          .bias = nullptr,
                          .out = out.data(),
                          .out_stride = stride,
                          .width = width,
                          .l2_prefetch_bytes = 0});
    Result result{0, true};
    double difference = 0, size = 0;
    std::vector<float> w(columns);
    for (std::uint32_t n = 0; n < stride; ++n) {
        if (n < width) quant::unpack_row(shape, panel.data(), n, w.data());
        for (std::uint64_t r = 0; r < rows; ++r) {
            if (n >= width) {
                result.within_width &= out[r * stride + n] == untouched;
                continue;
            }
            double sum = 0;
            for (std::uint64_t c = 0; c < columns; ++c)
                sum += double{w[c]} * double{in.values[r * columns + c]};
            difference += std::pow(double{out[r * stride + n]} - sum, 2);
            size += sum * sum;
        }
    }
    result.error = std::sqrt(difference / size);
    return result;
}

}  // namespace

TEST_CASE("packed kernels of every kind", "[linear]") {
    for (const Level& level : levels()) {
        for (int index = 0; index < quant::packed_kind_count; ++index) {
            for (const std::uint64_t rows : {1u, 2u, 3u, 4u, 7u, 8u, 9u, 15u, 33u}) {
                for (std::uint64_t columns : {32u, 64u, 96u, 160u, 576u}) {
                    if (quant::packed_kinds[index].has_super_scales()) columns = (columns + 63) / 64 * 256;
                    const std::uint32_t width =
                        1 + static_cast<std::uint32_t>((rows * 5 + columns / 32) % 16);
                    INFO(to_string(level.isa)
                         << " kind " << index << ", " << rows << " x " << columns << " x " << width);
                    for (const std::uint32_t outputs : {width, 16u}) {
                        const Result result = run_panel(level.kernels, index, rows, columns, outputs);
                        CHECK(result.error <= 1e-5);
                        CHECK(result.within_width);
                    }
                }
            }
        }
    }
}

TEST_CASE("the largest products do not overflow", "[linear]") {
    // All weights at an end of their range against activations at an end of theirs.
    for (const Level& level : levels()) {
        for (const auto& kind : quant::packed_kinds) {
            const quant::PackedShape shape{kind, 16, 256};
            for (const int bits :
                 {0x00, 0x7F, 0x80, 0xFF}) {  // of all codes; 0 and 255 of those below 8 bits
                if (kind.code_bits < 8 && bits != 0x00 && bits != 0xFF) continue;
                for (const float x : {-1.0f, 1.0f}) {
                    Random random(static_cast<std::uint64_t>(bits));
                    AlignedBytes panel(shape.bytes());
                    fill_panel(shape, random, panel.data());
                    std::memset(panel.data(), bits, shape.scales_at(0));
                    Rows in(1, 256);
                    quantize(level.kernels, kind.group == 32, std::vector<float>(256, x), in);
                    float out[16];
                    const auto* codes = reinterpret_cast<const std::uint8_t*>(panel.data());
                    level.kernels.panel[kind.index](
                        {.codes = codes,
                         .weight_scales = codes + shape.scales_at(0),
                         .column_blocks = in.column_blocks,
                         .activations = reinterpret_cast<const std::int8_t*>(in.codes.data()),
                         .scales = reinterpret_cast<const float*>(in.scales.data()),
                         .offsets = reinterpret_cast<const std::int32_t*>(in.offsets.data()),
                         .sums = reinterpret_cast<const float*>(in.sums.data()),
                         .first_row = 0,
                         .last_row = 1,
                         .rows = 1,
                         .bias = nullptr,
                         .out = out,
                         .out_stride = 16,
                         .width = 16,
                         .l2_prefetch_bytes = cpu::l2_prefetch_distance});
                    INFO(to_string(level.isa)
                         << " kind " << int{kind.index} << ", bits " << bits << ", x " << x);
                    std::vector<float> w(256);
                    for (std::uint64_t n = 0; n < 16; ++n) {
                        quant::unpack_row(shape, panel.data(), n, w.data());
                        double sum = 0, size = 0;
                        for (const float v : w) {
                            sum += double{v} * double{x};
                            size += std::abs(double{v});
                        }
                        CHECK(double{out[n]} == Approx(sum).margin(1e-5 * size));
                    }
                }
            }
        }
    }
}

TEST_CASE("activations are quantized to the bits of quantize_row", "[linear]") {
    for (const Level& level : levels()) {
        Random random(3);
        for (int round = 0; round < 300; ++round) {
            const std::uint64_t count = 1 + random.below(100), column_blocks = div_up(count, 32);
            const float size = std::ldexp(1.0f, static_cast<int>(random.below(280)) - 150);
            std::vector<float> x = random.normals(count, size);
            if (round % 10 == 0) x[random.below(count)] = round % 20 ? NAN : -INFINITY;
            if (round % 7 == 0) std::fill(x.begin(), x.end(), 0.0f);
            std::vector<std::int8_t> codes(column_blocks * 32), expected_codes(column_blocks * 32);
            std::vector<float> scales(column_blocks), expected_scales(column_blocks), sums(2 * column_blocks),
                sums32(column_blocks);
            std::vector<std::int32_t> offsets(2 * column_blocks), offsets32(column_blocks),
                expected_sums(2 * column_blocks);
            quant::quantize_row(x.data(), count, expected_codes.data(), expected_scales.data(),
                                expected_sums.data());
            level.kernels.quantize({.x = x.data(),
                                    .count = count,
                                    .first = 0,
                                    .last = column_blocks,
                                    .block = 1,
                                    .codes = codes.data(),
                                    .scales = scales.data(),
                                    .offsets32 = offsets32.data(),
                                    .offsets16 = offsets.data(),
                                    .sums32 = sums32.data(),
                                    .sums16 = sums.data()});
            INFO(to_string(level.isa) << " round " << round);
            CHECK(codes == expected_codes);
            CHECK(std::memcmp(scales.data(), expected_scales.data(), column_blocks * sizeof(float)) == 0);
            for (std::uint64_t g = 0; g < 2 * column_blocks; ++g)
                CHECK(offsets[g] == -128 * expected_sums[g]);
            for (std::uint64_t g = 0; g < column_blocks; ++g) {
                const std::int32_t both = expected_sums[2 * g] + expected_sums[2 * g + 1];
                CHECK(offsets32[g] == -128 * both);
                if (std::isfinite(scales[g])) CHECK(sums32[g] == scales[g] * static_cast<float>(both));
            }
        }
    }
}
