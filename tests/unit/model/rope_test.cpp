#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "model_case.hpp"

using namespace lamina;
using namespace lamina::model;
using test::error_of;
using test::load;
using test::TinyModel;

namespace {

constexpr std::uint32_t context = 1024;

RopeParameters parameters() {
    RopeParameters p;
    p.dims = 64;
    return p;
}

}  // namespace

TEST_CASE("RoPE: unscaled frequencies fall from 1 by the base's powers") {
    const auto table = make_rope(parameters(), context);
    REQUIRE(table.inverse_frequencies.size() == 32);
    CHECK(table.inverse_frequencies[0] == 1.0f);
    CHECK(table.inverse_frequencies[16] == Approx(1.0 / 100).epsilon(1e-6));
    CHECK(table.magnitude == 1.0f);
}

TEST_CASE("RoPE: linear scaling divides every frequency") {
    auto p = parameters();
    const auto plain = make_rope(p, context);
    p.scaling = RopeScaling::linear;
    p.factor = 8;
    const auto scaled = make_rope(p, context);
    for (std::size_t i = 0; i < 32; ++i)
        CHECK(scaled.inverse_frequencies[i] == Approx(plain.inverse_frequencies[i] / 8).epsilon(1e-6));
}

TEST_CASE("RoPE: dynamic scaling raises the base with the context, beyond the original one") {
    auto p = parameters();
    const auto plain = make_rope(p, context);
    p.scaling = RopeScaling::dynamic;
    p.factor = 2;
    p.original_context = 1024;
    CHECK(make_rope(p, 1024).inverse_frequencies == plain.inverse_frequencies);
    CHECK(make_rope(p, 100).inverse_frequencies == plain.inverse_frequencies);
    const double base = 10000.0 * std::pow(2.0 * 4096 / 1024 - 1.0, 64.0 / 62.0);
    const auto longer = make_rope(p, 4096);
    for (std::size_t i = 0; i < 32; ++i) {
        const double power = -2.0 * static_cast<double>(i) / 64.0;
        CHECK(longer.inverse_frequencies[i] == Approx(std::pow(base, power)).epsilon(1e-6));
    }
}

TEST_CASE("RoPE: yarn keeps fast pairs, divides slow ones and ramps between") {
    auto p = parameters();
    const auto plain = make_rope(p, context);
    p.scaling = RopeScaling::yarn;
    p.factor = 4;
    p.original_context = 4096;
    const auto scaled = make_rope(p, context);
    for (std::size_t i = 0; i < 32; ++i) {
        // Turns of the pair within the original context: above beta_fast it is kept, below beta_slow divided.
        const double turns =
            p.original_context * static_cast<double>(plain.inverse_frequencies[i]) / (2 * std::numbers::pi);
        const double ratio = static_cast<double>(plain.inverse_frequencies[i]) /
                             static_cast<double>(scaled.inverse_frequencies[i]);
        CAPTURE(i, turns);
        if (turns > p.beta_fast * 1.5) CHECK(ratio == Approx(1.0).epsilon(1e-6));
        if (turns < p.beta_slow / 1.5) CHECK(ratio == Approx(4.0).epsilon(1e-6));
        CHECK(ratio > 0.999);
        CHECK(ratio < 4.001);
    }
    CHECK(scaled.magnitude == Approx(1.0 + 0.1 * std::log(4.0)));
}

TEST_CASE("RoPE: yarn's ramp begins and ends at whole pairs, or between them") {
    auto p = parameters();
    p.scaling = RopeScaling::yarn;
    p.factor = 4;
    p.original_context = 4096;
    const auto pair_of = [&](double turns) {
        return p.dims * std::log(p.original_context / (turns * 2.0 * std::numbers::pi)) /
               (2.0 * std::log(p.base));
    };
    for (const bool truncate : {true, false}) {
        p.truncate = truncate;
        const auto table = make_rope(p, context);
        const double low = truncate ? std::floor(pair_of(p.beta_fast)) : pair_of(p.beta_fast);
        const double high = truncate ? std::ceil(pair_of(p.beta_slow)) : pair_of(p.beta_slow);
        for (std::size_t i = 0; i < 32; ++i) {
            const double plain = std::pow(p.base, -2.0 * static_cast<double>(i) / 64.0);
            const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
            CAPTURE(truncate, i);
            CHECK(table.inverse_frequencies[i] == Approx(plain * (1.0 - ramp + ramp / 4)).epsilon(1e-6));
        }
    }
}

TEST_CASE("RoPE: a multiplier of the logarithm scales the scores instead of queries and keys") {
    auto p = parameters();
    p.scaling = RopeScaling::yarn;
    p.factor = 40;
    p.original_context = 4096;
    p.log_multiplier = 0.0707;
    CHECK(make_rope(p, context).magnitude == 1.0f);
    CHECK(p.score_scale() == Approx(std::pow(1.0 + 0.0707 * std::log(40.0), 2)));
    p.log_multiplier = 0;
    CHECK(p.score_scale() == 1.0);
}

TEST_CASE("RoPE: a file's own factors divide the frequencies one by one") {
    TinyModel tiny({});
    tiny.writer.tensor("rope_freqs.weight", DType::f32, {8}, std::vector<float>{1, 1, 1, 2, 4, 8, 8, 8});
    const auto f = make_rope(load(tiny.writer).model.config.ropes.at(0), context).inverse_frequencies;
    CHECK(f[7] == Approx(std::pow(10000.0, -14.0 / 16) / 8).epsilon(1e-6));
    CHECK(f[0] == 1.0f);
}

TEST_CASE("RoPE: factors that are no positive numbers are refused") {
    for (float bad : {0.0f, -1.0f, std::nanf(""), HUGE_VALF}) {
        TinyModel tiny({});
        tiny.writer.tensor("rope_freqs.weight", DType::f32, {8},
                           std::vector<float>{1, 1, 1, bad, 4, 8, 8, 8});
        CHECK(error_of(tiny.writer).details().subject == "rope_freqs.weight");
    }
}

TEST_CASE("RoPE: longrope takes the short or the long factors by the context, and its magnitude") {
    TinyModel tiny({});
    tiny.writer.set("llama.rope.scaling.type", "longrope");
    tiny.writer.set("llama.rope.scaling.original_context_length", 64u);
    tiny.writer.tensor("rope_factors_short.weight", DType::f32, {8}, std::vector<float>(8, 2.0f));
    TinyModel missing = tiny;
    tiny.writer.tensor("rope_factors_long.weight", DType::f32, {8}, std::vector<float>(8, 4.0f));
    TinyModel given = tiny;
    TinyModel untyped = tiny;
    untyped.writer.remove("llama.rope.scaling.type");
    CHECK(load(untyped.writer).model.config.ropes.at(0).scaling == RopeScaling::longrope);
    const auto l = load(tiny.writer);
    const auto& rope = l.model.config.ropes.at(0);
    CHECK(make_rope(rope, 64).inverse_frequencies[0] == 0.5f);
    CHECK(make_rope(rope, 65).inverse_frequencies[0] == 0.25f);
    const double longer = l.model.config.trained_context / 64.0;
    CHECK(make_rope(rope, 64).magnitude == Approx(std::sqrt(1.0 + std::log(longer) / std::log(64.0))));
    given.writer.set("llama.rope.scaling.attn_factor", 1.25f);
    CHECK(make_rope(load(given.writer).model.config.ropes.at(0), 65).magnitude == 1.25f);
    CHECK(error_of(missing.writer).details().subject == "rope_factors_long.weight");
}

TEST_CASE("RoPE: scalings are read from the metadata") {
    TinyModel tiny({});
    tiny.writer.set("llama.rope.scaling.type", "yarn").set("llama.rope.scaling.factor", 4.0f);
    TinyModel without = tiny;
    tiny.writer.set("llama.rope.scaling.original_context_length", 64u);
    CHECK(make_rope(load(tiny.writer).model.config.ropes[0], context).magnitude ==
          Approx(1.0 + 0.1 * std::log(4.0)));
    CHECK(error_of(without.writer).details().subject == "llama.rope.scaling.original_context_length");
    TinyModel linear({});
    linear.writer.set("llama.rope.scaling.type", "linear").set("llama.rope.scaling.factor", 2.0f);
    CHECK(make_rope(load(linear.writer).model.config.ropes[0], context).inverse_frequencies[0] == 0.5f);
    TinyModel dynamic({});
    dynamic.writer.set("llama.rope.scaling.type", "dynamic").set("llama.rope.scaling.factor", 2.0f);
    CHECK(load(dynamic.writer).model.config.ropes[0].original_context == 256);
    TinyModel unknown({});
    unknown.writer.set("llama.rope.scaling.type", "spiral");
    CHECK(error_of(unknown.writer).code() == ErrorCode::unsupported);
}
