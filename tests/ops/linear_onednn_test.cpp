// Dense Linears of many rows by oneDNN. A process binds oneDNN to one instruction set, so this is a program
// of its own.
#include <catch2/catch.hpp>

#include <cmath>

#include "base/half.hpp"
#include "support/linear_case.hpp"

using namespace lamina;
using test::LinearCase;
using test::Random;

namespace {

bool by_onednn(const LinearCase& c) {
    return c.report().at(0).implementation.find("onednn") != std::string::npos;
}

float as_bf16(float v) { return bf16_to_f32(f32_to_bf16(v)); }

struct Inputs {
    std::vector<float> x, w, bias;
    std::vector<std::byte> file;
};

Inputs inputs(DType type, std::uint32_t rows, std::uint32_t columns, std::uint32_t outputs, bool with_bias) {
    Random random(rows + columns + outputs);
    Inputs in;
    in.x = random.normals(rows * columns);
    in.file = random.weights(type, outputs * columns, 0.05f);
    in.w.resize(outputs * columns);
    quant::decode(type, in.file.data(), in.w.size(), in.w.data());
    if (with_bias) in.bias = random.normals(outputs);
    return in;
}

double relative_error(const Inputs& in, DType type, std::uint32_t rows, std::uint32_t columns,
                      std::uint32_t outputs, const float* y) {
    double difference = 0, size = 0;
    for (std::uint32_t r = 0; r < rows; ++r) {
        for (std::uint32_t n = 0; n < outputs; ++n) {
            double sum = in.bias.empty() ? 0 : in.bias[n];
            for (std::uint32_t c = 0; c < columns; ++c) {
                const float x = in.x[r * columns + c];
                sum += double{type == DType::bf16 ? as_bf16(x) : x} * in.w[n * columns + c];
            }
            difference += std::pow(y[r * outputs + n] - sum, 2);
            size += sum * sum;
        }
    }
    return std::sqrt(difference / size);
}

}  // namespace

TEST_CASE("dense weights by oneDNN", "[linear]") {
    const cpu::Isa isa = cpu::detected().back();
    for (const DType type : {DType::f32, DType::bf16}) {
        for (const std::uint32_t max_rows : {32u, 40u, 300u}) {
            for (const auto& [columns, outputs] : {std::pair{64u, 100u}, std::pair{577u, 33u}}) {
                LinearCase c(columns, max_rows);
                const Inputs in = inputs(type, max_rows, columns, outputs, outputs == 33);
                c.add(type, outputs, in.file, in.bias);
                c.build(isa, 2);
                if (!by_onednn(c)) {
                    WARN("not tested, no oneDNN here: " << c.report()[0].refused);
                    return;
                }
                std::copy(in.x.begin(), in.x.end(), c.in());
                // Few rows by own kernels, many by oneDNN, in one stage.
                for (const std::uint32_t rows : {1u, 31u, 32u, 33u, 40u, 100u, 130u, 300u}) {
                    if (rows > max_rows) continue;
                    std::fill_n(c.out(0), max_rows * outputs, NAN);
                    c.run(rows);
                    INFO(info(type).name << " " << rows << " of " << max_rows << " rows, " << columns << " x "
                                         << outputs);
                    CHECK(relative_error(in, type, rows, columns, outputs, c.out(0)) <=
                          (type == DType::f32 ? 2e-6 : 2e-4));
                }
            }
        }
    }
}

TEST_CASE("oneDNN is left out where it cannot or need not run", "[linear]") {
    const auto refusal = [&](DType type, std::uint32_t max_rows, cpu::Isa isa, test::Rounding rounding) {
        LinearCase c(64, max_rows);
        Random random(1);
        c.add(type, 16, random.weights(type, 16 * 64, 0.05f));
        c.build(isa, 1, rounding);
        CHECK_FALSE(by_onednn(c));
        return c.report().at(0).refused;
    };
    using test::Rounding;
    const cpu::Isa isa = cpu::detected().back();
    CHECK_THAT(refusal(DType::f16, 64, isa, Rounding::as_stored),
               Catch::Contains("onednn: no product of f16 by f32"));
    CHECK_THAT(refusal(DType::bf16, 64, isa, Rounding::least),
               Catch::Contains("onednn: no product of bf16 by f32"));
    CHECK_THAT(refusal(DType::f32, 31, isa, Rounding::as_stored),
               Catch::Contains("onednn: fewer than 32 rows"));
    CHECK_THAT(refusal(DType::f32, 64, cpu::Isa::scalar, Rounding::as_stored), Catch::Contains("onednn: "));
}
