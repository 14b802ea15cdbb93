// Activate, Add, Scale and Gather.
#include <catch2/catch.hpp>

#include <limits>

#include "support/expect_error.hpp"
#include "support/op_case.hpp"

using namespace lamina;
using backend::Activation;
using test::OpCase;
using test::Random;

namespace {

void check(const OpCase& c, std::uint32_t rows, backend::Slot out,
           const std::vector<std::uint32_t>& wanted = {}) {
    test::for_each_isa(c, {{.tokens = test::tokens_from(0, rows)}}, wanted, out,
                       [&](double error, bool same, cpu::Isa isa) {
                           INFO(to_string(isa) << ", " << rows << " rows");
                           CHECK(error <= 1e-6);
                           CHECK(same);
                       });
}

const std::uint32_t widths[] = {1, 7, 16, 33, 576, 1536};

// What Activate computes, in double and without cancellation.
double exact(Activation kind, double x) {
    switch (kind) {
        case Activation::silu: return x / (1 + std::exp(-x));
        case Activation::gelu: return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
        case Activation::gelu_tanh:
            return x /
                   (1 + std::exp(-2 * std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
        case Activation::relu: return std::max(x, 0.0);
        case Activation::relu_squared: return std::max(x, 0.0) * std::max(x, 0.0);
        case Activation::clamped_swiglu: break;  // not of x alone
    }
    return NAN;
}

constexpr Activation activations[] = {Activation::silu, Activation::gelu, Activation::gelu_tanh,
                                      Activation::relu, Activation::relu_squared};

std::vector<float> activated(Activation kind, const std::vector<float>& x, cpu::Isa isa) {
    const test::ForcedIsa forced(to_string(isa));
    OpCase c(1);
    const auto slot = c.input(static_cast<std::uint32_t>(x.size()), x);
    c.program.ops.push_back(
        backend::Activate{.gate = slot, .up = slot, .out = slot, .kind = kind, .gated = false});
    test::Bound bound(cpu::record(), c);
    bound.run({{.tokens = {0}}});
    return bound.read(slot);
}

}  // namespace

TEST_CASE("activate: every kind, gated or not", "[activate]") {
    for (const auto kind : activations) {
        for (const std::uint32_t width : widths) {
            for (const std::uint32_t rows : {1u, 5u}) {
                for (const bool gated : {true, false}) {
                    Random random(width + rows);
                    OpCase c(rows);
                    // relu of a single negative value is 0: an absolute comparison, which is just as well.
                    const auto gate = c.input(width, random.normals(width * rows, 2.0f));
                    const auto up = c.input(width, random.normals(width * rows));
                    const auto out = c.slot(width);
                    c.program.ops.push_back(backend::Activate{
                        .gate = gate, .up = up, .out = gated ? out : gate, .kind = kind, .gated = gated});
                    INFO("kind " << static_cast<int>(kind) << ", width " << width);
                    check(c, rows, gated ? out : gate);
                }
            }
        }
    }
}

TEST_CASE("activate: each value is right, from -12 to 12", "[activate]") {
    std::vector<float> x;
    for (int i = -12000; i <= 12000; ++i) x.push_back(static_cast<float>(i) * 1e-3f);
    for (const auto kind : activations) {
        // The exponent of gelu_tanh grows with x^3: at 69, where results reach 1e-30, f32 holds it to 4e-6
        // and it is rounded three times.
        const double tolerance = kind == Activation::gelu_tanh ? 1.2e-5 : 1e-6;
        for (const cpu::Isa isa : test::float_isas()) {
            const auto got = activated(kind, x, isa);
            double worst = 0;
            for (std::size_t i = 0; i < x.size(); ++i) {
                const double want = exact(kind, x[i]);
                const double size = std::max(std::abs(want), 1e-30);
                worst = std::max(worst, std::abs(got[i] - want) / size);
            }
            INFO(to_string(isa) << ", kind " << static_cast<int>(kind));
            CHECK(worst <= tolerance);
        }
    }
}

TEST_CASE("activate: clamped_swiglu clamps both sides, and NaN in either stays NaN", "[activate]") {
    const float nan = std::numeric_limits<float>::quiet_NaN(), huge = 1e30f;
    const std::vector<float> gate = {0.5f, 9.0f, -3.0f, huge, -huge, nan, 1.0f, 2.0f},
                             up = {0.25f, 1.0f, -9.0f, 20.0f, 1.0f, 1.0f, nan, -huge};
    for (const cpu::Isa isa : test::float_isas()) {
        const test::ForcedIsa forced(to_string(isa));
        OpCase c(1);
        const auto width = static_cast<std::uint32_t>(gate.size());
        const auto g = c.input(width, gate), u = c.input(width, up);
        c.program.ops.push_back(
            backend::Activate{.gate = g, .up = u, .out = g, .kind = Activation::clamped_swiglu});
        test::Bound bound(cpu::record(), c);
        bound.run({{.tokens = {0}}});
        const auto got = bound.read(g);
        INFO(to_string(isa));
        for (std::size_t i = 0; i < gate.size(); ++i) {
            const double x = std::min<double>(gate[i], 7), y = std::clamp<double>(up[i], -7, 7);
            const double want = x / (1 + std::exp(-1.702 * x)) * (y + 1);
            if (std::isnan(gate[i]) || std::isnan(up[i])) {
                CHECK(std::isnan(got[i]));
            } else {
                CHECK(std::abs(got[i] - want) <= 1e-5 * std::max(1.0, std::abs(want)));
            }
        }
    }
}

TEST_CASE("activate: extremes stay finite, NaN stays NaN", "[activate]") {
    const float huge = 1e30f, nan = std::numeric_limits<float>::quiet_NaN();
    for (const auto kind : activations) {
        for (const cpu::Isa isa : test::float_isas()) {
            const auto got = activated(kind, {-1000.0f, 1000.0f, -huge, -88.5f, 0.0f, nan}, isa);
            INFO(to_string(isa) << ", kind " << static_cast<int>(kind));
            CHECK(std::abs(got[0]) < 1e-30f);
            CHECK(got[1] == (kind == Activation::relu_squared ? 1e6f : 1000.0f));
            CHECK(std::abs(got[2]) < 1e-6f);
            CHECK(std::abs(got[3]) < 1e-30f);
            CHECK(got[4] == 0.0f);
            CHECK(std::isnan(got[5]));
        }
    }
}

TEST_CASE("add: with a factor, in place", "[add]") {
    for (const std::uint32_t width : widths) {
        for (const std::uint32_t rows : {1u, 9u}) {
            Random random(width + rows);
            OpCase c(rows);
            const auto a = c.input(width, random.normals(width * rows));
            const auto b = c.input(width, random.normals(width * rows));
            const auto out = c.slot(width);
            c.program.ops.push_back(backend::Add{.a = a, .b = b, .out = out});
            c.program.ops.push_back(backend::Add{.a = out, .b = b, .out = out, .scale = -0.37f});
            check(c, rows, out);
        }
    }
}

TEST_CASE("scale: with a cap and without", "[scale]") {
    for (const std::uint32_t width : widths) {
        for (const float cap : {0.0f, 30.0f}) {
            for (const float spread : {0.1f, 100.0f}) {
                Random random(width);
                OpCase c(3);
                const auto x = c.input(width, random.normals(width * 3, spread));
                c.program.ops.push_back(backend::Scale{.x = x, .scale = 0.7f, .cap = cap});
                INFO("width " << width << ", cap " << cap << ", spread " << spread);
                check(c, 3, x);
            }
        }
    }
}

TEST_CASE("gather: the wanted rows, none of them too", "[gather]") {
    for (const std::uint32_t width : widths) {
        Random random(width);
        OpCase c(6);
        const auto x = c.input(width, random.normals(width * 6));
        const auto out = c.slot(width, backend::Rows::outputs);
        c.program.ops.push_back(backend::Gather{.in = x, .out = out});
        c.program.logits = out;
        check(c, 6, out, {5});
        check(c, 6, out, {0, 2, 3, 5});
        test::Bound bound(cpu::record(), c);
        bound.run({{.tokens = test::tokens_from(0, 6)}}, {});
        CHECK(bound.read(out).empty());
        CHECK(bound.executable().result(c.program.logits).empty());
        bound.run({{.tokens = test::tokens_from(0, 6)}}, {1, 4});
        CHECK(bound.executable().result(c.program.logits).size() == 2 * width);
    }
}

TEST_CASE("elementwise: slots of different shapes are refused", "[add]") {
    OpCase c(2);
    const auto a = c.input(16, std::vector<float>(32)), b = c.input(17, std::vector<float>(34));
    const auto refused = [&](backend::Op op, const char* name) {
        auto one = c;
        one.program.ops.push_back(std::move(op));
        test::expect_error(ErrorCode::invalid_argument, {name},
                           [&] { test::Bound bound(cpu::record(), one); });
    };
    refused(backend::Add{.a = a, .b = b, .out = a}, "add");
    refused(backend::Add{.a = a, .b = 9, .out = a}, "add");
    refused(backend::Activate{.gate = a, .up = b, .out = a, .kind = Activation::silu}, "activate");
    refused(backend::Gather{.in = a, .out = b}, "gather");
    refused(backend::Scale{.x = a, .scale = 1.0f, .cap = -1.0f}, "scale");
}
