#include <catch2/catch.hpp>

#include "support/expect_error.hpp"
#include "support/op_case.hpp"

using namespace lamina;
using test::OpCase;
using test::Random;

TEST_CASE("embed: dense and quantized tables, scaled or not", "[embed]") {
    for (const DType type : {DType::f32, DType::f16, DType::bf16, DType::q4_0, DType::q4_1, DType::q8_0,
                             DType::q5_0, DType::q4_k, DType::q6_k, DType::iq4_nl}) {
        const std::uint32_t width = type == DType::q4_k || type == DType::q6_k ? 512
                                    : is_quantized(type)                       ? 96
                                                                               : 33;
        for (const float scale : {1.0f, 25.25f}) {
            Random random(width);
            OpCase c(6);
            const auto table = c.weight(type, 37, width, random.weights(type, 37 * width, 0.3f));
            const auto out = c.slot(width);
            c.program.ops.push_back(backend::Embed{.table = table, .out = out, .scale = scale});
            for (const auto& tokens : {std::vector<std::int32_t>{36}, {0, 16, 15, 36, 3, 3}}) {
                test::for_each_isa(c, {{.tokens = tokens}}, {}, out,
                                   [&](double error, bool same, cpu::Isa isa) {
                                       INFO(to_string(isa) << ", " << info(type).name << ", scale " << scale);
                                       CHECK(error <= 1e-6);
                                       CHECK(same);
                                   });
            }
        }
    }
}

TEST_CASE("embed: a slot of another width is refused", "[embed]") {
    OpCase c(1);
    const auto table = c.matrix(8, std::vector<float>(24));
    c.program.ops.push_back(backend::Embed{.table = table, .out = c.slot(9)});
    test::expect_error(ErrorCode::invalid_argument, {"embed", "8", "9"},
                       [&] { test::Bound bound(cpu::record(), c); });
}
