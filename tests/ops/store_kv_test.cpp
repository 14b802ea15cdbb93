#include <catch2/catch.hpp>

#include <limits>

#include "support/attention_case.hpp"

using namespace lamina;

namespace {

// What the cache holds at a position, as f32.
std::vector<float> row(test::Bound& bound, const backend::CacheGeometry& g,
                       const std::vector<std::int32_t>& table, std::uint32_t position, std::uint32_t head,
                       bool keys, std::uint32_t count = 0) {
    const auto page = static_cast<std::uint32_t>(table[position / backend::page_tokens]);
    const std::uint32_t dim = count > 0 ? count : keys ? g.key_dim : g.value_dim;
    const auto* start = dynamic_cast<cpu::CpuBuffer&>(bound.cache(0)).data() +
                        (keys ? g.keys(1, page, head) : g.values(1, page, head));
    std::vector<float> out(dim);
    quant::decode(g.type,
                  start + position % backend::page_tokens * (keys ? g.key_stride() : g.value_stride()), dim,
                  out.data());
    return out;
}

float stored(DType type, float x) {
    if (type == DType::f16) return f16_to_f32(f32_to_f16(x));
    return type == DType::bf16 ? bf16_to_f32(f32_to_bf16(x)) : x;
}

}  // namespace

TEST_CASE("store_kv: every element at its place, rounded to nearest even", "[store_kv]") {
    for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
        for (const cpu::Isa isa : test::float_isas()) {
            const test::ForcedIsa forced(to_string(isa));
            const test::AttentionShape shape{
                .heads = 3, .kv_heads = 3, .key_dim = 33, .value_dim = 7, .type = type};
            test::AttentionCase c(shape, 70, 70, 6, false);
            // Values at the edges of the 16-bit types: overflow, subnormals, ties, NaN.
            const float edges[] = {65519.9f,
                                   65520.0f,
                                   1e-7f,
                                   5.9e-8f,
                                   -2.9e-8f,
                                   1.00048828125f,
                                   1.00146484375f,
                                   3.4e38f,
                                   1e-40f,
                                   -0.0f,
                                   std::numeric_limits<float>::infinity(),
                                   std::nanf("")};
            std::copy(std::begin(edges), std::end(edges), c.ops.storage[1].begin() + 5);
            test::PagePool pool(6);
            const test::Sequence a{.first_token = 0, .table = pool.take(50)},
                b{.first_token = 40, .table = pool.take(40)};
            test::Bound bound(cpu::record(), c.ops, 2);
            bound.run({a.piece(0, 40), b.piece(0, 30)});
            const auto& g = c.ops.program.caches[0];
            const auto keys = bound.read(c.keys), values = bound.read(c.values);
            std::size_t wrong = 0;
            const auto compare = [&](const std::vector<float>& got, const float* want) {
                for (std::size_t i = 0; i < got.size(); ++i) {
                    const float x = stored(type, want[i]);
                    wrong += std::isnan(x) ? !std::isnan(got[i]) : std::memcmp(&got[i], &x, sizeof x) != 0;
                }
            };
            for (std::uint32_t r = 0; r < 70; ++r) {
                const auto& table = r < 40 ? a.table : b.table;
                const std::uint32_t position = r < 40 ? r : r - 40;
                for (std::uint32_t h = 0; h < 3; ++h) {
                    compare(row(bound, g, table, position, h, true), keys.data() + (r * 3 + h) * 33);
                    compare(row(bound, g, table, position, h, false), values.data() + (r * 3 + h) * 7);
                }
            }
            INFO(to_string(isa) << ", " << info(type).name);
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE("store_kv: q8_0 within half a step of every value, whole blocks, what is not finite stays so",
          "[store_kv]") {
    for (const cpu::Isa isa : test::float_isas()) {
        const test::ForcedIsa forced(to_string(isa));
        INFO(to_string(isa));
        // Rows of less than a block, of blocks and a part, of more than are stored at a time.
        for (const std::uint32_t dim : {7u, 32u, 80u, 256u, 300u}) {
            const test::AttentionShape shape{
                .heads = 2, .kv_heads = 2, .key_dim = dim, .value_dim = 32, .type = DType::q8_0};
            test::AttentionCase c(shape, 40, 40, 2, false);
            c.ops.storage[1][3] = std::numeric_limits<float>::infinity();
            test::PagePool pool(2);
            const test::Sequence sequence{.table = pool.take(40)};
            test::Bound bound(cpu::record(), c.ops, 2);
            test::poison(bound);
            bound.run({sequence.piece(0, 40)});
            const auto& g = c.ops.program.caches[0];
            CHECK(g.key_stride() == (dim + 31) / 32 * 34);
            const auto keys = bound.read(c.keys);
            const std::uint32_t whole = (dim + 31) / 32 * 32;
            std::size_t wrong = 0;
            for (std::uint32_t r = 0; r < 40; ++r) {
                for (std::uint32_t h = 0; h < 2; ++h) {
                    const float* want = keys.data() + (r * 2 + h) * dim;
                    const auto got = row(bound, g, sequence.table, r, h, true, whole);
                    for (std::uint32_t i = 0; i < whole; ++i) {
                        const std::uint32_t first = i / 32 * 32, last = std::min(first + 32, dim);
                        float peak = 0;
                        for (std::uint32_t j = first; j < last; ++j) peak = std::max(peak, std::abs(want[j]));
                        // Half a step, and what the scale loses as f16: 2^-11 of up to 127 steps.
                        const float allowed = peak / 127 * (0.5f + 0.07f);
                        if (std::isinf(peak)) {
                            wrong += !std::isnan(got[i]);
                        } else {
                            wrong += !(std::abs(got[i] - (i < dim ? want[i] : 0)) <= allowed);
                        }
                    }
                }
            }
            CAPTURE(dim);
            CHECK(wrong == 0);
        }
    }
}
