#include <catch2/catch.hpp>

#include "support/expect_error.hpp"
#include "support/op_case.hpp"

using namespace lamina;
using test::OpCase;
using test::Random;

namespace {

void check(const OpCase& c, std::uint32_t rows, backend::Slot out) {
    test::for_each_isa(c, {{.tokens = test::tokens_from(0, rows)}}, {}, out,
                       [&](double error, bool same, cpu::Isa isa) {
                           INFO(to_string(isa) << ", " << rows << " rows");
                           CHECK(error <= 1e-6);
                           CHECK(same);
                       });
}

}  // namespace

TEST_CASE("norm: root mean square of whole rows and of heads", "[norm]") {
    for (const std::uint32_t group : {1u, 7u, 16u, 33u, 64u, 80u, 576u, 2048u}) {
        for (const std::uint32_t groups : {1u, 3u}) {
            for (const std::uint32_t rows : {1u, 2u, 37u}) {
                Random random(group * 100 + groups * 10 + rows);
                OpCase c(rows);
                const auto in = c.input(group * groups, random.normals(rows * group * groups, 3.0f));
                const auto out = c.slot(group * groups);
                const auto weight = c.vector(random.normals(group));
                c.program.ops.push_back(
                    backend::Norm{.in = in, .out = out, .weight = weight, .group = group, .epsilon = 1e-5f});
                INFO(groups << " groups of " << group);
                check(c, rows, out);
            }
        }
    }
}

TEST_CASE("norm: heads with weights of their own", "[norm]") {
    for (const bool centered : {false, true}) {
        for (const std::uint32_t rows : {1u, 37u}) {
            Random random(rows);
            OpCase c(rows);
            const auto in = c.input(5 * 33, random.normals(rows * 5 * 33, 3.0f));
            const auto out = c.slot(5 * 33);
            backend::Norm norm{.in = in,
                               .out = out,
                               .weight = c.vector(random.normals(5 * 33)),
                               .group = 33,
                               .epsilon = 1e-5f,
                               .centered = centered};
            if (centered) norm.bias = c.vector(random.normals(5 * 33));
            c.program.ops.push_back(norm);
            check(c, rows, out);
        }
    }
}

TEST_CASE("norm: in place", "[norm]") {
    Random random(1);
    OpCase c(5);
    const auto x = c.input(99, random.normals(5 * 99));
    c.program.ops.push_back(backend::Norm{
        .in = x, .out = x, .weight = c.vector(random.normals(33)), .group = 33, .epsilon = 1e-6f});
    check(c, 5, x);
}

TEST_CASE("norm: layer norm, with a bias and without", "[norm]") {
    for (const std::uint32_t width : {1u, 7u, 16u, 33u, 576u}) {
        for (const bool biased : {false, true}) {
            Random random(width);
            OpCase c(3);
            auto values = random.normals(3 * width);
            for (float& x : values) x += 2.0f;  // a mean to be taken away
            const auto in = c.input(width, values);
            const auto out = c.slot(width);
            backend::Norm norm{.in = in,
                               .out = out,
                               .weight = c.vector(random.normals(width)),
                               .group = width,
                               .epsilon = 1e-5f,
                               .centered = true};
            // Alone, one value minus its mean is 0 / 0 of rounding: the bias keeps the result comparable.
            if (biased || width == 1) norm.bias = c.vector(random.normals(width));
            c.program.ops.push_back(norm);
            INFO("width " << width << (biased ? ", bias" : ""));
            check(c, 3, out);
        }
    }
}

TEST_CASE("norm: what contradicts itself is refused", "[norm]") {
    Random random(2);
    const auto compile = [&](std::uint32_t group, std::uint32_t weights, bool bias) {
        OpCase c(2);
        const auto in = c.input(32, random.normals(64));
        backend::Norm norm{.in = in,
                           .out = in,
                           .weight = c.vector(random.normals(weights)),
                           .group = group,
                           .epsilon = 1e-5f};
        if (bias) norm.bias = norm.weight;
        c.program.ops.push_back(norm);
        test::Bound bound(cpu::record(), c);
    };
    CHECK_NOTHROW(compile(16, 16, false));
    test::expect_error(ErrorCode::invalid_argument, {"norm", "divides 32", "7"},
                       [&] { compile(7, 7, false); });
    test::expect_error(ErrorCode::invalid_argument, {"norm", "divides 32", "0"},
                       [&] { compile(0, 16, false); });
    test::expect_error(ErrorCode::invalid_argument, {"norm", "16 values", "1 x 8"},
                       [&] { compile(16, 8, false); });
    test::expect_error(ErrorCode::invalid_argument, {"norm", "centered"}, [&] { compile(16, 16, true); });
}
