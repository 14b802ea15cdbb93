// Linear of the CPU backend against sums in double precision, on every instruction set that this machine has.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>

#include "base/half.hpp"
#include "lamina/error.hpp"
#include "quant/activations.hpp"
#include "quant/decode.hpp"
#include "support/expect_error.hpp"
#include "support/linear_paths.hpp"

using namespace lamina;
using test::LinearCase;
using test::Path;
using test::paths;
using test::Random;
using test::Rounding;

namespace {

constexpr double tolerance = 2e-4;

const std::vector<DType> block_types = {
    DType::q4_0,    DType::q4_1,   DType::q5_0,  DType::q5_1,    DType::q8_0,  DType::q2_k,
    DType::q3_k,    DType::q4_k,   DType::q5_k,  DType::q6_k,    DType::iq1_s, DType::iq1_m,
    DType::iq2_xxs, DType::iq2_xs, DType::iq2_s, DType::iq3_xxs, DType::iq3_s, DType::iq4_nl,
    DType::iq4_xs,  DType::tq1_0,  DType::tq2_0, DType::mxfp4,   DType::nvfp4};

std::vector<float> decoded(DType type, const std::vector<std::byte>& file) {
    std::vector<float> out(file.size() / info(type).block_bytes * info(type).block_size);
    quant::decode(type, file.data(), out.size(), out.data());
    return out;
}

std::vector<float> through_int8(const std::vector<float>& x, std::uint64_t columns) {
    const std::uint64_t groups = div_up(columns, quant::activation_group);
    std::vector<std::int8_t> codes(groups * quant::activation_group);
    std::vector<float> scales(groups), out(x.size());
    std::vector<std::int32_t> sums(2 * groups);
    for (std::uint64_t at = 0; at < x.size(); at += columns) {
        quant::quantize_row(x.data() + at, columns, codes.data(), scales.data(), sums.data());
        quant::dequantize_row(codes.data(), scales.data(), columns, out.data() + at);
    }
    return out;
}

// What the first rounding leaves is rounded too.
std::vector<float> through_int16(const std::vector<float>& x, std::uint64_t columns) {
    auto out = through_int8(x, columns);
    std::vector<float> rest(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) rest[i] = x[i] - out[i];
    rest = through_int8(rest, columns);
    for (std::size_t i = 0; i < x.size(); ++i) out[i] += rest[i];
    return out;
}

std::vector<float> through_bf16(std::vector<float> x) {
    for (float& v : x) v = bf16_to_f32(f32_to_bf16(v));
    return x;
}

// x [rows, columns] times w [outputs, columns] transposed, plus bias if there is one.
std::vector<double> product(const std::vector<float>& x, const std::vector<float>& w, std::uint64_t columns,
                            const std::vector<float>& bias) {
    const std::uint64_t rows = x.size() / columns, outputs = w.size() / columns;
    std::vector<double> out(rows * outputs);
    for (std::uint64_t r = 0; r < rows; ++r) {
        for (std::uint64_t n = 0; n < outputs; ++n) {
            double sum = bias.empty() ? 0.0 : double{bias[n]};
            for (std::uint64_t c = 0; c < columns; ++c)
                sum += double{x[r * columns + c]} * double{w[n * columns + c]};
            out[r * outputs + n] = sum;
        }
    }
    return out;
}

// ||y - ref|| / ||ref||; infinite where a value is not finite.
double relative_error(const float* y, const std::vector<double>& ref) {
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < ref.size(); ++i) {
        if (!std::isfinite(y[i])) return INFINITY;
        difference += (y[i] - ref[i]) * (y[i] - ref[i]);
        size += ref[i] * ref[i];
    }
    return std::sqrt(difference / size);
}

struct Shape {
    std::uint32_t rows, columns, outputs;
};

// Every row count, column count and output count with several of the others.
const std::vector<Shape> shapes = {{1, 576, 100}, {2, 64, 17},   {3, 32, 1},    {5, 64, 15},
                                   {8, 1024, 16}, {9, 576, 17},  {33, 64, 100}, {64, 256, 17},
                                   {130, 32, 33}, {1, 32, 16},   {1, 1024, 1},  {2, 1536, 15},
                                   {3, 256, 100}, {5, 2304, 17}, {33, 1280, 1}, {13, 512, 48}};

std::uint32_t fitting(std::uint32_t columns, DType type) {
    return static_cast<std::uint32_t>(align_up(columns, info(type).block_size));
}

struct Outcome {
    double error = 0;
    std::vector<float> values;
};

// One Linear, its inputs passed through `seen` for the reference; where tiles take them, these and the
// weights through bf16.
template <class Seen>
Outcome run_linear(DType type, Shape s, bool with_bias, Path path, int threads, Rounding rounding,
                   Seen seen) {
    Random random(s.rows * 1000003u + s.columns * 1009u + s.outputs + static_cast<unsigned>(type));
    const auto file = random.weights(type, std::uint64_t{s.outputs} * s.columns, 0.05f);
    const auto x = random.normals(std::uint64_t{s.rows} * s.columns);
    const auto bias = with_bias ? random.normals(s.outputs) : std::vector<float>{};
    LinearCase c(s.columns, s.rows);
    c.add(type, s.outputs, file, bias);
    c.use_tiles(path.tiles);
    c.build(path.isa, threads, rounding);
    std::copy(x.begin(), x.end(), c.in());
    c.run(s.rows);
    const auto* tiles = c.tiles();
    const bool as_tiles = tiles && s.rows >= tiles->min_rows;
    const auto weights = decoded(type, file);
    const auto ref = as_tiles ? product(through_bf16(x), through_bf16(weights), s.columns, bias)
                              : product(seen(x, s.columns), weights, s.columns, bias);
    return {relative_error(c.out(0), ref), std::vector<float>(c.out(0), c.out(0) + ref.size())};
}

}  // namespace

TEST_CASE("packed weights: every block type, shape and instruction set", "[linear]") {
    for (const Path& path : paths()) {
        for (const DType type : block_types) {
            for (std::size_t i = 0; i < shapes.size(); ++i) {
                Shape s = shapes[i];
                s.columns = fitting(s.columns, type);
                if (path.tiles && s.rows < path.tiles->min_rows) continue;
                INFO(path.name() << " " << info(type).name << " " << s.rows << " x " << s.columns << " x "
                                 << s.outputs);
                const auto coarse = run_linear(type, s, i % 2 != 0, path, 1, Rounding::most, through_int8);
                CHECK(coarse.error <= tolerance);
                const auto fine = run_linear(type, s, i % 2 == 0, path, 1, Rounding::least, through_int16);
                CHECK(fine.error <= tolerance);
            }
        }
    }
}

TEST_CASE("weights computed on as blocks of the file equal the packed ones", "[linear]") {
    for (const Path& path : paths()) {
        for (const DType type : block_types) {
            for (const Shape s : {Shape{1, 256, 100}, Shape{9, 512, 17}, Shape{70, 256, 33}}) {
                Random random(s.rows);
                const auto file = random.weights(type, std::uint64_t{s.outputs} * s.columns, 0.05f);
                const auto x = random.normals(std::uint64_t{s.rows} * s.columns);
                LinearCase c(s.columns, s.rows);
                for (const bool pack : {true, false}) c.add(type, s.outputs, file, {}, pack);
                c.use_tiles(path.tiles);
                for (const auto rounding : {Rounding::as_stored, Rounding::most}) {
                    c.build(path.isa, 2, rounding);
                    std::copy(x.begin(), x.end(), c.in());
                    c.run(s.rows);
                    INFO(path.name() << " " << info(type).name << " " << s.rows << " rows");
                    CHECK(std::memcmp(c.out(0), c.out(1),
                                      std::uint64_t{s.rows} * s.outputs * sizeof(float)) == 0);
                }
            }
        }
    }
}

TEST_CASE("tiles: runs, row blocks and panels of every number", "[linear]") {
    const auto none = [](const std::vector<float>& x, std::uint64_t) { return x; };
    for (const Path& path : paths()) {
        if (path.tiles == nullptr && path.isa != cpu::Isa::amx) continue;
        for (const DType type : {DType::q4_k, DType::q6_k, DType::q2_k, DType::q8_0, DType::iq4_nl}) {
            // Fewest rows, whole and broken blocks, more than a chunk; runs of inputs that end early; panels
            // in pairs, alone, more than a task's.
            for (const Shape s :
                 {Shape{12, 512, 16}, Shape{16, 1280, 48}, Shape{17, 768, 33}, Shape{32, 256, 80},
                  Shape{33, 1280, 270}, Shape{70, 512, 80}, Shape{530, 768, 33}}) {
                for (const int threads : {1, 3}) {
                    INFO(path.name() << " " << info(type).name << " " << s.rows << " x " << s.columns << " x "
                                     << s.outputs);
                    CHECK(run_linear(type, s, threads == 3, path, threads, Rounding::most, none).error <=
                          5e-6);
                }
            }
        }
    }
}

TEST_CASE("dense weights: f32 activations", "[linear]") {
    const auto unchanged = [](const std::vector<float>& x, std::uint64_t) { return x; };
    for (const cpu::Isa isa : cpu::detected()) {
        for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
            for (std::size_t i = 0; i < shapes.size(); ++i) {
                for (const std::uint32_t more : {0u, 7u}) {
                    Shape s = shapes[i];
                    s.columns += more;
                    const auto outcome =
                        run_linear(type, s, i % 2 == 0, {isa}, 1, Rounding::least, unchanged);
                    INFO(to_string(isa) << " " << info(type).name << " " << s.rows << " x " << s.columns
                                        << " x " << s.outputs);
                    CHECK(outcome.error <= 2e-6);
                }
            }
        }
    }
}

TEST_CASE("dense weights: activations rounded to bf16", "[linear]") {
    const auto rounded = [](const std::vector<float>& x, std::uint64_t) { return through_bf16(x); };
    for (const cpu::Isa isa : cpu::detected()) {
        for (const DType type : {DType::f32, DType::f16, DType::bf16}) {
            const auto rounding = type == DType::bf16 ? Rounding::as_stored : Rounding::most;
            for (std::size_t i = 0; i < shapes.size(); ++i) {
                for (const std::uint32_t more : {0u, 9u}) {
                    Shape s = shapes[i];
                    s.columns += more;
                    const auto outcome = run_linear(type, s, i % 2 == 0, {isa}, 1, rounding, rounded);
                    INFO(to_string(isa) << " " << info(type).name << " " << s.rows << " x " << s.columns
                                        << " x " << s.outputs);
                    CHECK(outcome.error <= tolerance);
                }
            }
        }
    }
}

TEST_CASE("results do not depend on the threads", "[linear]") {
    const auto none = [](const std::vector<float>& x, std::uint64_t) { return x; };
    for (const Path& path : paths()) {
        for (const DType type : {DType::q4_1, DType::q6_k, DType::q8_0, DType::f32, DType::bf16}) {
            for (const Shape s : {Shape{1, 768, 100}, Shape{5, 512, 17}, Shape{30, 2048, 33}}) {
                const auto one = run_linear(type, s, true, path, 1, Rounding::most, none);
                for (const int threads : {2, 3, 7}) {
                    INFO(path.name() << " " << info(type).name << " " << threads << " threads, " << s.rows
                                     << " rows");
                    CHECK(run_linear(type, s, true, path, threads, Rounding::most, none).values ==
                          one.values);
                }
            }
        }
    }
}

TEST_CASE("a row's result does not depend on the rows beside it", "[linear]") {
    constexpr std::uint32_t columns = 512, outputs = 40, rows = 15;
    Random random(5);
    const auto x = random.normals(rows * columns);
    for (const cpu::Isa isa : cpu::detected()) {
        std::vector<DType> types = {DType::f16};
        types.insert(types.end(), block_types.begin(), block_types.end());
        for (const DType type : types) {
            LinearCase c(columns, rows);
            c.add(type, outputs, random.weights(type, outputs * columns, 0.05f));
            if (isa == cpu::Isa::amx) c.make_invariant();  // the others always are
            c.build(isa, 1, Rounding::most);
            std::copy(x.begin(), x.end(), c.in());
            c.run(rows);
            const std::vector<float> together(c.out(0), c.out(0) + rows * outputs);
            for (std::uint32_t r = 0; r < rows; ++r) {
                std::copy_n(x.begin() + r * columns, columns, c.in());
                c.run(1);
                INFO(to_string(isa) << " " << info(type).name << " row " << r);
                CHECK(std::equal(c.out(0), c.out(0) + outputs, together.begin() + r * outputs));
            }
        }
    }
}

TEST_CASE("Linears of several kinds share an input", "[linear]") {
    constexpr std::uint32_t columns = 512;
    const std::vector<std::pair<DType, std::uint32_t>> parts = {
        {DType::q4_k, 64}, {DType::q6_k, 20}, {DType::q8_0, 17}, {DType::q5_1, 100},
        {DType::q2_k, 3},  {DType::f32, 9},   {DType::bf16, 31}, {DType::f16, 5}};
    for (const cpu::Isa isa : cpu::detected()) {
        for (const std::uint32_t rows : {1u, 3u, 7u, 40u}) {
            Random random(rows);
            LinearCase c(columns, 40);
            std::vector<std::vector<float>> weights, biases;
            for (const auto& [type, outputs] : parts) {
                const auto file = random.weights(type, outputs * columns, 0.05f);
                biases.push_back(outputs % 2 ? random.normals(outputs) : std::vector<float>{});
                weights.push_back(decoded(type, file));
                c.add(type, outputs, file, biases.back());
            }
            c.build(isa, 2);
            const auto x = random.normals(std::uint64_t{rows} * columns);
            std::copy(x.begin(), x.end(), c.in());
            c.run(rows);
            for (std::size_t i = 0; i < parts.size(); ++i) {
                const DType type = parts[i].first;
                const auto seen = is_quantized(type)    ? through_int16(x, columns)
                                  : type == DType::bf16 ? through_bf16(x)
                                                        : x;
                INFO(to_string(isa) << " " << info(type).name << " " << rows << " rows");
                CHECK(relative_error(c.out(i), product(seen, weights[i], columns, biases[i])) <= tolerance);
            }
        }
    }
}

TEST_CASE("a Linear has inputs of 16 bits beside others that have 8", "[linear]") {
    constexpr std::uint32_t columns = 512, plain = 40, kept = 24, rows = 70;
    Random random(9);
    const auto file = random.weights(DType::q4_k, plain * columns, 0.05f),
               kept_file = random.weights(DType::q6_k, kept * columns, 0.05f);
    const auto x = random.normals(std::uint64_t{rows} * columns), bias = random.normals(kept);
    for (const Path& path : paths()) {
        for (const bool pack : {true, false}) {
            LinearCase alone(columns, rows), both(columns, rows);
            for (LinearCase* c : {&alone, &both}) {
                c->add(DType::q4_k, plain, file, {}, pack);
                c->add(DType::q6_k, kept, kept_file, bias, pack);
                if (c == &both) c->make_last_precise();
                c->add(DType::q4_k, plain, file, {}, pack);
                c->use_tiles(path.tiles);
                c->build(path.isa, 2, Rounding::most);
                std::copy(x.begin(), x.end(), c->in());
            }
            for (const std::uint32_t count : {1u, 9u, rows}) {
                INFO(path.name() << ", " << count << " rows" << (pack ? "" : ", from blocks"));
                alone.run(count);
                both.run(count);
                for (const std::size_t i : {0u, 2u})
                    CHECK(std::equal(both.out(i), both.out(i) + count * plain, alone.out(i)));
                const auto* tiles = both.tiles();
                const std::vector<float> some(x.begin(), x.begin() + count * columns);
                const auto weights = decoded(DType::q6_k, kept_file);
                const auto expected = tiles && count >= tiles->min_rows
                                          ? product(through_bf16(some), through_bf16(weights), columns, bias)
                                          : product(through_int16(some, columns), weights, columns, bias);
                CHECK(relative_error(both.out(1), expected) <= 2e-5);
            }
        }
    }
}

TEST_CASE("values that are not finite come through", "[linear]") {
    constexpr std::uint32_t columns = 256, outputs = 16, rows = 3;
    for (const cpu::Isa isa : cpu::detected()) {
        for (const DType type : {DType::q4_k, DType::q8_0, DType::f32, DType::bf16}) {
            for (const float bad : {NAN, INFINITY}) {
                Random random(9);
                LinearCase c(columns, rows);
                c.add(type, outputs, random.weights(type, outputs * columns, 0.05f));
                c.build(isa, 1, Rounding::most);
                const auto x = random.normals(rows * columns);
                std::copy(x.begin(), x.end(), c.in());
                c.in()[columns + 70] = bad;
                c.run(rows);
                INFO(to_string(isa) << " " << info(type).name);
                for (std::uint32_t n = 0; n < outputs; ++n) {
                    CHECK(std::isfinite(c.out(0)[n]));
                    CHECK_FALSE(std::isfinite(c.out(0)[outputs + n]));
                    CHECK(std::isfinite(c.out(0)[2 * outputs + n]));
                }
            }
        }
    }
}

TEST_CASE("the implementation taken is reported with the reasons against the others", "[linear]") {
    Random random(1);
    LinearCase c(256, 1);
    c.add(DType::q4_k, 16, random.weights(DType::q4_k, 16 * 256, 0.05f));
    c.build(cpu::Isa::scalar, 1, Rounding::most);
    REQUIRE(c.report().size() == 1);
    CHECK(c.report()[0].op == "linear q4_K [16, 256]");
    CHECK(c.report()[0].implementation == "packed4 scalar");
    CHECK_THAT(c.report()[0].refused,
               Catch::Contains("avx512_vnni: above scalar") && Catch::Contains("onednn: "));
}

TEST_CASE("a weight in a layout that its type cannot have is an error", "[linear]") {
    LinearCase c(256, 1);
    const std::vector<std::byte> bytes(1 << 20);
    c.add_held(DType::f32, 16, cpu::Layout::packed, bytes.data(), {});
    CHECK_THROWS_AS(c.build(cpu::Isa::scalar, 1), Error);
}

TEST_CASE("a Linear whose precision its weight cannot have is refused, with the reason", "[linear]") {
    for (const auto& [type, wanted, words] :
         {std::tuple{DType::q4_k, backend::Precision::f32, "16 or 8 bits"},
          {DType::q4_k, backend::Precision::bf16, "16 or 8 bits"},
          {DType::f16, backend::Precision::int8, "f32 or bf16"},
          {DType::bf16, backend::Precision::int16, "f32 or bf16"}}) {
        LinearCase c(256, 1);
        c.add(type, 16, Random(1).weights(type, 16 * 256, 0.05f));
        c.set_precision(wanted);
        test::expect_error(ErrorCode::unsupported, {words, backend::name(wanted)},
                           [&] { c.build(cpu::Isa::scalar, 1); });
    }
}
