// How precisely a program computes: every rule of plan/numerics.cpp on programs written by hand.
#include "plan/numerics.hpp"

#include <catch2/catch.hpp>

#include "backend/device.hpp"

using namespace lamina;
using namespace lamina::plan;
using backend::Precision;

namespace {

struct Matrix {
    DType type;
    std::uint64_t rows, columns;
};

// A Linear for each matrix, then attention.
backend::Program program_of(const std::vector<Matrix>& matrices) {
    backend::Program p;
    for (const auto& m : matrices) {
        p.ops.push_back(
            backend::Linear{.in = 0, .weight = static_cast<backend::WeightId>(p.weights.size()), .out = 1});
        p.weights.push_back({.name = "w", .type = m.type, .rows = m.rows, .columns = m.columns});
    }
    p.ops.push_back(
        backend::Attention{.query = 0, .out = 1, .group = 0, .layer = 0, .heads = 1, .scale = 1.0f});
    return p;
}

const backend::Linear& linear(const backend::Program& p, std::size_t i) {
    return std::get<backend::Linear>(p.ops[i]);
}
Precision prefill(const backend::Program& p) { return std::get<backend::Attention>(p.ops.back()).prefill; }

constexpr Matrix large{DType::q4_k, 8192, 8192}, small{DType::q4_k, 256, 256};

}  // namespace

TEST_CASE("numerics: a large quantized model has inputs of 8 bits, 16 for what the cache keeps") {
    auto p = program_of({large, large});
    const std::size_t values[] = {1};
    decide_precision(p, values, {});
    CHECK(linear(p, 0).input == Precision::int8);
    CHECK(linear(p, 1).input == Precision::int16);
    CHECK((linear(p, 0).matrix_unit && linear(p, 1).matrix_unit));
    CHECK(prefill(p) == Precision::bf16);
    CHECK_FALSE(p.row_invariant);
}

TEST_CASE("numerics: small models and those with experts have inputs of 16 bits") {
    auto p = program_of({small, small});
    SECTION("small") {}
    SECTION("experts") {
        p = program_of({large, large});
        p.routings = {{.experts = 4, .used = 2}};
    }
    decide_precision(p, {}, {});
    for (std::size_t i : {0u, 1u}) {
        CHECK(linear(p, i).input == Precision::int16);
        CHECK_FALSE(linear(p, i).matrix_unit);
    }
    CHECK(prefill(p) == Precision::f32);
}

TEST_CASE("numerics: what the user asks for holds in models of every size") {
    for (const auto& matrix : {large, small}) {
        auto p = program_of({matrix, {DType::f16, 64, 64}, {DType::bf16, 64, 64}});
        decide_precision(p, {}, {.compute = ComputeType::f32});
        CHECK(linear(p, 0).input == Precision::int16);
        CHECK_FALSE(linear(p, 0).matrix_unit);
        CHECK((linear(p, 1).input == Precision::f32 && linear(p, 2).input == Precision::f32));
        CHECK(prefill(p) == Precision::f32);
        decide_precision(p, {}, {.compute = ComputeType::bf16});
        CHECK(linear(p, 0).input == Precision::int8);
        CHECK(linear(p, 0).matrix_unit);
        CHECK((linear(p, 1).input == Precision::bf16 && linear(p, 2).input == Precision::bf16));
        CHECK(prefill(p) == Precision::bf16);
    }
}

TEST_CASE("numerics: float weights have inputs of their own kind") {
    auto p = program_of({{DType::f32, 64, 64}, {DType::f16, 64, 64}, {DType::bf16, 64, 64}});
    decide_precision(p, {}, {});
    CHECK(linear(p, 0).input == Precision::f32);
    CHECK(linear(p, 1).input == Precision::f32);
    CHECK(linear(p, 2).input == Precision::bf16);
    for (std::size_t i = 0; i < 3; ++i) CHECK_FALSE(linear(p, i).matrix_unit);
}

TEST_CASE("numerics: a matrix of one row is a vector of f32, whatever its type") {
    auto p = program_of({large, {DType::q8_0, 1, 64}, {DType::bf16, 1, 64}});
    decide_precision(p, {}, {});
    CHECK(linear(p, 1).input == Precision::f32);
    CHECK(linear(p, 2).input == Precision::f32);
    decide_precision(p, {}, {.compute = ComputeType::bf16});
    CHECK(linear(p, 1).input == Precision::bf16);
}

TEST_CASE("numerics: attention of prompts is in bf16 where most matrices see rounded inputs") {
    auto rounded = program_of({{DType::bf16, 8192, 4097}, {DType::f16, 8192, 4096}});
    decide_precision(rounded, {}, {});
    CHECK(prefill(rounded) == Precision::bf16);
    auto precise = program_of({{DType::bf16, 8192, 4096}, {DType::f16, 8192, 4096}});
    decide_precision(precise, {}, {});
    CHECK(prefill(precise) == Precision::f32);
}

TEST_CASE("numerics: nothing of an invariant program depends on the number of rows") {
    for (const auto compute : {ComputeType::automatic, ComputeType::bf16, ComputeType::f32}) {
        auto p = program_of({large});
        decide_precision(p, {}, {.compute = compute, .invariant = true});
        CHECK(p.row_invariant);
        CHECK_FALSE(linear(p, 0).matrix_unit);
        CHECK(prefill(p) == Precision::f32);
    }
}

TEST_CASE("numerics: the type of the cache is the user's, or f32 while that is small") {
    CHECK(cache_type({.cache = DType::q8_0}, 1) == DType::q8_0);
    CHECK(cache_type({}, small_cache) == DType::f32);
    CHECK(cache_type({}, small_cache + 1) == DType::f16);
}
