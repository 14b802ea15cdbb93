// An Activate of what quantized Linears write, as part of their stage.
#include <catch2/catch.hpp>

#include <algorithm>

#include "cpu/ops/ops.hpp"
#include "support/linear_paths.hpp"

using namespace lamina;
using test::LinearCase;
using test::Path;
using test::paths;
using test::Random;
using test::Rounding;

TEST_CASE("gate, up and activation are one stage: the bits of one after the other", "[activate]") {
    constexpr std::uint32_t columns = 256, most = 300;
    Random random(21);
    struct Kind {
        DType gate, up;
        std::uint32_t outputs;
        bool gated, pack;
        Rounding rounding;
    };
    const std::vector<Kind> kinds = {
        {DType::q4_k, DType::q4_k, 528, true, true, Rounding::most},
        {DType::q4_k, DType::q6_k, 100, true, true, Rounding::most},
        {DType::q8_0, DType::q2_k, 17, true, true, Rounding::least},
        {DType::q5_1, DType::q4_1, 15, true, false, Rounding::most},
        {DType::q4_k, DType::q4_k, 40, false, true, Rounding::most},
    };
    const auto x = random.normals(std::uint64_t{most} * columns);
    for (const Path& path : paths()) {
        for (const Kind& kind : kinds) {
            const auto gate = random.weights(kind.gate, kind.outputs * columns, 0.05f),
                       other = random.weights(DType::q4_k, 20 * columns, 0.05f),
                       up = random.weights(kind.up, kind.outputs * columns, 0.05f);
            const auto bias = random.normals(kind.outputs);
            LinearCase apart(columns, most), together(columns, most);
            for (LinearCase* c : {&apart, &together}) {
                c->add(kind.gate, kind.outputs, gate, bias, kind.pack);
                c->add(DType::q4_k, 20, other);
                c->add(kind.up, kind.outputs, up, {}, kind.pack);
                if (c == &together) c->activate(backend::Activation::silu, 0, 2, kind.gated);
                c->use_tiles(path.tiles);
            }
            for (const int threads : {1, 3}) {
                for (LinearCase* c : {&apart, &together}) {
                    c->build(path.isa, threads, kind.rounding);
                    std::copy(x.begin(), x.end(), c->in());
                }
                REQUIRE_FALSE(apart.activates());
                REQUIRE(together.activates());
                for (const std::uint32_t rows : {1u, 7u, 40u, most}) {
                    INFO(path.name() << ", " << info(kind.gate).name << " and " << info(kind.up).name << ", "
                                     << rows << " rows, " << threads << " threads");
                    apart.run(rows);
                    together.run(rows);
                    const std::size_t count = std::size_t{rows} * kind.outputs;
                    cpu::float_kernels(path.isa).silu(apart.out(0), kind.gated ? apart.out(2) : nullptr,
                                                      apart.out(0), count);
                    CHECK(std::equal(together.out(0), together.out(0) + count, apart.out(0)));
                    CHECK(std::equal(together.out(1), together.out(1) + rows * 20, apart.out(1)));
                    if (!kind.gated)
                        CHECK(std::equal(together.out(2), together.out(2) + count, apart.out(2)));
                }
            }
        }
    }
}

TEST_CASE("an activation of what other stages write is a stage of its own", "[activate]") {
    constexpr std::uint32_t columns = 64, outputs = 16;
    Random random(5);
    for (const DType up : {DType::f32, DType::q8_0}) {
        LinearCase c(columns, 4);
        c.add(DType::q8_0, outputs, random.weights(DType::q8_0, outputs * columns, 0.05f));
        c.add(up, outputs, random.weights(up, outputs * columns, 0.05f));
        c.activate(backend::Activation::gelu, 0, 1, true);
        c.build(cpu::Isa::scalar, 1);
        CHECK(c.activates() == (up == DType::q8_0));
        const auto line = std::find_if(c.report().begin(), c.report().end(),
                                       [](const auto& report) { return report.op == "activate gelu"; });
        CHECK((line != c.report().end()) == c.activates());
        if (c.activates()) CHECK(line->implementation == "scalar, with its matrices");
    }
    // One that writes over what the other Linears still read.
    LinearCase c(32, 4);
    for (int i = 0; i < 2; ++i) c.add(DType::q8_0, 32, random.weights(DType::q8_0, 32 * 32, 0.05f));
    c.activate(backend::Activation::silu, 0, 1, true);
    c.activate_to_input();
    c.build(cpu::Isa::scalar, 1);
    CHECK_FALSE(c.activates());
}
