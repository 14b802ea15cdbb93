// Mixtures of experts and per-head matrices: routing against a plain sum, every implementation against
// `reference`.
#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

#include "support/expect_error.hpp"
#include "support/op_case.hpp"
#include "support/rounding.hpp"

using namespace lamina;
using test::OpCase;
using test::Random;

namespace {

using backend::ExpertRouting;
using backend::ExpertScoring;

// Router logits come in, every row's experts are applied to it: the branch of a mixture as the planner writes
// it.
struct ExpertsCase : OpCase {
    backend::Slot logits = 0, in = 0, out = 0;

    ExpertsCase(const ExpertRouting& routing, std::uint32_t rows, std::uint32_t columns,
                std::uint32_t outputs, DType type, bool biased, std::uint64_t seed)
        : OpCase(rows) {
        Random random(seed);
        program.routings = {routing};
        logits = input(routing.experts, random.normals(std::size_t{rows} * routing.experts, 2.0f));
        in = input(columns, random.normals(std::size_t{rows} * columns));
        const auto pairs = copies(columns, routing.used), products = copies(outputs, routing.used);
        out = slot(outputs);
        const auto bytes = random.weights(type, std::size_t{routing.experts} * outputs * columns, 0.1f);
        const auto experts = weight(type, outputs, columns, bytes);
        program.weights[experts].matrices = routing.experts;
        auto bias = backend::no_weight;
        if (biased) bias = vector(random.normals(std::size_t{routing.experts} * outputs));
        auto& ops = program.ops;
        ops.push_back(backend::Route{.logits = logits, .routing = 0});
        ops.push_back(backend::Dispatch{.in = in, .out = pairs, .routing = 0});
        ops.push_back(backend::Linear{.in = pairs,
                                      .weight = experts,
                                      .bias = bias,
                                      .out = products,
                                      .routing = 0,
                                      .input = test::precision_of(type, test::Rounding::as_stored)});
        ops.push_back(backend::Combine{.in = products, .out = out, .routing = 0});
    }

    backend::Slot copies(std::uint32_t width, std::uint32_t count) {
        const auto id = slot(width);
        program.slots[id].copies = count;
        return id;
    }
    backend::Route& route() {
        for (auto& op : program.ops) {
            if (auto* route = std::get_if<backend::Route>(&op)) return *route;
        }
        throw std::logic_error("no route");
    }
};

void check(const OpCase& c, std::uint32_t rows, backend::Slot out, double tolerance) {
    test::for_each_isa(c, {{.tokens = test::tokens_from(0, rows)}}, {}, out,
                       [&](double error, bool same, cpu::Isa isa) {
                           INFO(to_string(isa) << ", " << rows << " rows");
                           CHECK(error <= tolerance);
                           CHECK(same);
                       });
}

// What the definition in base/features.hpp says, written down once more without sorting: the output of expert
// e is the constant e + 1 in every column, so that the result is the sum of weight * (e + 1).
std::vector<double> expected(const ExpertRouting& r, const std::vector<float>& logits,
                             const std::vector<float>& bias, std::uint32_t rows) {
    std::vector<double> out;
    for (std::uint32_t row = 0; row < rows; ++row) {
        const std::vector<double> x(logits.begin() + row * r.experts, logits.begin() + (row + 1) * r.experts);
        std::vector<double> scores = x;
        const double highest = *std::max_element(x.begin(), x.end());
        double all = 0;
        for (const double v : x) all += std::exp(v - highest);
        if (r.scoring == ExpertScoring::softmax)
            for (auto& s : scores) s = std::exp(s - highest) / all;
        if (r.scoring == ExpertScoring::sigmoid)
            for (auto& s : scores) s = 1 / (1 + std::exp(-s));
        auto choice = scores;
        for (std::size_t e = 0; e < bias.size(); ++e) choice[e] += static_cast<double>(bias[e]);
        const std::size_t size = r.experts / r.groups;
        std::vector<std::pair<double, std::size_t>> groups;
        for (std::size_t g = 0; g < r.groups; ++g) {
            std::vector<double> of(choice.begin() + static_cast<std::ptrdiff_t>(g * size),
                                   choice.begin() + static_cast<std::ptrdiff_t>((g + 1) * size));
            std::sort(of.rbegin(), of.rend());
            groups.push_back({bias.empty() || size < 2 ? of[0] : of[0] + of[1], g});
        }
        std::sort(groups.rbegin(), groups.rend());
        groups.resize(r.groups_used);
        std::vector<std::pair<double, std::size_t>> candidates;
        for (const auto& group : groups) {
            for (std::size_t e = group.second * size; e < (group.second + 1) * size; ++e)
                candidates.push_back({choice[e], e});
        }
        std::sort(candidates.rbegin(), candidates.rend());
        double sum = 0, total = 0, chosen = 0;
        for (std::uint32_t j = 0; j < r.used; ++j) chosen += std::exp(x[candidates[j].second] - highest);
        for (std::uint32_t j = 0; j < r.used; ++j) {
            const auto e = candidates[j].second;
            const double weight =
                r.scoring == ExpertScoring::softmax_chosen ? std::exp(x[e] - highest) / chosen : scores[e];
            sum += weight;
            total += weight * static_cast<double>(e + 1);
        }
        out.push_back(total / (r.normalise ? sum : 1.0) * static_cast<double>(r.scale));
    }
    return out;
}

}  // namespace

TEST_CASE("MoE routing in its kinds: scores, normalisation, scale, groups, selection bias", "[experts]") {
    constexpr std::uint32_t rows = 23;
    for (const auto scoring :
         {ExpertScoring::softmax, ExpertScoring::sigmoid, ExpertScoring::softmax_chosen}) {
        for (const bool normalise : {false, true}) {
            for (const std::uint32_t groups_used : {4u, 2u, 1u}) {
                for (const bool biased : {false, true}) {
                    const ExpertRouting routing{.experts = 16,
                                                .used = 3,
                                                .scoring = scoring,
                                                .groups = 4,
                                                .groups_used = groups_used,
                                                .normalise = normalise,
                                                .scale = 2.5f};
                    ExpertsCase c(routing, rows, 1, 2, DType::f32, false, 7);
                    // Expert e gives e + 1, whatever comes in: columns are 1 and the input is 1.
                    for (std::size_t i = 0; i < 32; ++i) c.storage.at(2)[i] = static_cast<float>(i / 2 + 1);
                    std::fill_n(c.storage.at(1).begin(), rows, 1.0f);
                    Random random(11);
                    std::vector<float> bias;
                    if (biased) bias = random.normals(16, 0.3f);
                    if (biased) c.route().selection_bias = c.vector(bias);
                    const std::vector<float> logits(c.storage.at(0).begin(),
                                                    c.storage.at(0).begin() + rows * 16);
                    test::Bound reference(reference::record(), c);
                    reference.run({{.tokens = test::tokens_from(0, rows)}});
                    const auto got = reference.read(c.out);
                    const auto want = expected(routing, logits, bias, rows);
                    INFO(static_cast<int>(scoring) << normalise << groups_used << biased);
                    for (std::uint32_t r = 0; r < rows; ++r)
                        CHECK(got[r * 2] == Approx(want[r]).epsilon(1e-5));
                    check(c, rows, c.out, 1e-5);
                }
            }
        }
    }
}

TEST_CASE("experts: products of every shape class, with and without biases", "[experts]") {
    for (const std::uint32_t experts : {1u, 4u, 33u}) {
        for (const std::uint32_t rows : {1u, 2u, 9u, 70u}) {
            for (const auto& [columns, outputs] :
                 {std::pair{32u, 16u}, std::pair{96u, 40u}, std::pair{7u, 5u}}) {
                const ExpertRouting routing{
                    .experts = experts, .used = std::min(experts, 2u), .normalise = true};
                ExpertsCase c(routing, rows, columns, outputs, DType::f32, rows % 2 == 0, rows + experts);
                CAPTURE(experts, columns, outputs);
                check(c, rows, c.out, 1e-5);
            }
        }
    }
}

TEST_CASE("experts: quantized ones against the same file's values", "[experts]") {
    for (const DType type : {DType::q8_0, DType::q4_0, DType::mxfp4, DType::q4_k, DType::q6_k}) {
        for (const std::uint32_t rows : {1u, 3u, 21u}) {
            const ExpertRouting routing{.experts = 6, .used = 2, .normalise = true};
            ExpertsCase c(routing, rows, 256, 40, type, true, rows);
            CAPTURE(info(type).name);
            check(c, rows, c.out, 2e-2);  // activations are rounded to 8 bits
        }
    }
}

TEST_CASE("heads: a matrix for each head of a row, and heads copied there and back", "[experts]") {
    for (const DType type : {DType::f32, DType::f16, DType::q8_0}) {
        for (const std::uint32_t rows : {1u, 2u, 19u}) {
            constexpr std::uint32_t heads = 3, width = 32, outputs = 24;
            Random random(rows);
            OpCase c(rows);
            const auto in = c.input(heads * (width + 8), random.normals(rows * heads * (width + 8)));
            const auto apart = c.slot(width), products = c.slot(outputs), out = c.slot(heads * (outputs + 4));
            c.program.slots[apart].copies = c.program.slots[products].copies = heads;
            const auto matrices =
                c.weight(type, outputs, width, random.weights(type, heads * outputs * width, 0.2f));
            c.program.weights[matrices].matrices = heads;
            // The places between the heads of `out` are filled first: a copy must leave them alone.
            const auto fill = c.input(heads * (outputs + 4), random.normals(rows * heads * (outputs + 4)));
            c.program.ops.push_back(
                backend::StridedCopy{{fill, outputs + 4, 0}, {out, outputs + 4, 0}, heads, outputs + 4});
            c.program.ops.push_back(backend::StridedCopy{{in, width + 8, 5}, {apart}, heads, width});
            c.program.ops.push_back(
                backend::Linear{.in = apart,
                                .weight = matrices,
                                .out = products,
                                .input = test::precision_of(type, test::Rounding::as_stored)});
            c.program.ops.push_back(backend::StridedCopy{{products}, {out, outputs + 4, 2}, heads, outputs});
            CAPTURE(info(type).name);
            check(c, rows, out, type == DType::q8_0 ? 2e-2 : 1e-5);
        }
    }
}

TEST_CASE("gate: rows times the sigmoid of a value", "[experts]") {
    Random random(3);
    OpCase c(5);
    const auto x = c.input(37, random.normals(5 * 37)), gate = c.input(1, random.normals(5, 3.0f));
    c.program.ops.push_back(backend::Gate{.x = x, .gate = gate});
    check(c, 5, x, 1e-6);
}

TEST_CASE("experts: programs that contradict themselves are refused", "[experts]") {
    const ExpertRouting good{.experts = 4, .used = 2};
    const auto refused = [](const ExpertsCase& c) {
        test::expect_error(ErrorCode::invalid_argument, {}, [&] { test::Bound(cpu::record(), c); });
    };
    ExpertsCase too_many(good, 2, 8, 8, DType::f32, false, 1);
    too_many.program.routings[0].used = 5;
    refused(too_many);
    ExpertsCase other_copies(good, 2, 8, 8, DType::f32, false, 1);
    other_copies.program.slots[2].copies = 3;
    refused(other_copies);
    ExpertsCase no_routing(good, 2, 8, 8, DType::f32, false, 1);
    no_routing.program.routings.clear();
    refused(no_routing);
    ExpertsCase too_few_matrices(good, 2, 8, 8, DType::f32, false, 1);
    too_few_matrices.program.routings[0].experts = 5;
    refused(too_few_matrices);
}

TEST_CASE("experts: NaN logits choose some experts and harm nothing", "[experts]") {
    ExpertsCase c({.experts = 8, .used = 3, .groups = 4, .groups_used = 2, .normalise = true}, 4, 8, 8,
                  DType::f32, false, 5);
    std::fill_n(c.storage.at(0).begin() + 8, 8, std::nanf(""));
    for (const auto* backend : {&reference::record(), &cpu::record()}) {
        test::Bound bound(*backend, c, 2);
        bound.run({{.tokens = test::tokens_from(0, 4)}});
        const auto out = bound.read(c.out);
        CHECK(std::isfinite(out[0]));
        CHECK(std::isnan(out[8]));
        CHECK(std::isfinite(out[16]));
    }
}
