#include <catch2/catch.hpp>

#include <limits>

#include "tests/support/attention_case.hpp"

using namespace lamina;

namespace {

// What the cache holds at a position, as f32.
std::vector<float> row(test::Bound& bound, const backend::CacheGeometry& g,
                       const std::vector<std::int32_t>& table, std::uint32_t position, std::uint32_t head,
                       bool keys) {
    const auto page = static_cast<std::uint32_t>(table[position / backend::page_tokens]);
    const std::uint32_t dim = keys ? g.key_dim : g.value_dim;
    const auto* start = dynamic_cast<cpu::CpuBuffer&>(bound.cache(0)).data() +
                        (keys ? g.keys(1, page, head) : g.values(1, page, head));
    std::vector<float> out(dim);
    quant::decode(g.type, start + position % backend::page_tokens * dim * g.element_bytes(), dim, out.data());
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
