#include <catch2/catch.hpp>

#include <functional>
#include <limits>
#include <string>

#include "lamina/error.hpp"
#include "sample/sampler.hpp"

namespace lamina::sample {
namespace {

constexpr float nan = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float largest = std::numeric_limits<float>::max();

// The field that a refusal names; empty where the parameters are taken.
std::string refused(const std::function<void(SamplingParams&)>& set) {
    SamplingParams params;
    set(params);
    try {
        Sampler sampler(params, 100);
        return {};
    } catch (const Error& error) {
        CHECK(error.code() == ErrorCode::invalid_argument);
        CHECK_FALSE(error.details().expected.empty());
        CHECK_FALSE(error.details().found.empty());
        return error.details().subject;
    }
}

}  // namespace

TEST_CASE("the defaults and greedy are valid") {
    CHECK(refused([](auto&) {}).empty());
    CHECK(refused([](auto& p) { p = SamplingParams::greedy(); }).empty());
}

TEST_CASE("each field is refused outside its range, by name") {
    for (float bad : {nan, -0.1f, -infinity, infinity}) {
        CHECK(refused([&](auto& p) { p.temperature = bad; }) == "temperature");
    }
    for (float bad : {nan, 0.0f, -1.0f, 1.001f, infinity})
        CHECK(refused([&](auto& p) { p.top_p = bad; }) == "top_p");
    for (float bad : {nan, -0.001f, 1.0f, infinity})
        CHECK(refused([&](auto& p) { p.min_p = bad; }) == "min_p");
    for (float bad : {nan, 0.0f, -1.0f, infinity}) {
        CHECK(refused([&](auto& p) { p.repetition_penalty = bad; }) == "repetition_penalty");
    }
    for (float bad : {nan, infinity, -infinity}) {
        CHECK(refused([&](auto& p) { p.presence_penalty = bad; }) == "presence_penalty");
        CHECK(refused([&](auto& p) { p.frequency_penalty = bad; }) == "frequency_penalty");
    }
    for (float bad : {nan, infinity})
        CHECK(refused([&](auto& p) { p.logit_bias = {{3, bad}}; }) == "logit_bias");
    for (TokenId bad : {-1, 100, std::numeric_limits<TokenId>::max(), std::numeric_limits<TokenId>::min()}) {
        CHECK(refused([&](auto& p) { p.logit_bias = {{bad, 1.0f}}; }) == "logit_bias");
    }
}

TEST_CASE("extremes within the ranges are taken and give tokens") {
    const std::vector<std::function<void(SamplingParams&)>> extremes = {
        [](auto& p) { p.temperature = largest; },
        [](auto& p) { p.temperature = std::numeric_limits<float>::denorm_min(); },
        [](auto& p) { p.top_p = std::numeric_limits<float>::denorm_min(); },
        [](auto& p) { p.min_p = 0.9999999f; },
        [](auto& p) { p.min_p = std::numeric_limits<float>::denorm_min(); },
        [](auto& p) { p.top_k = 0xFFFFFFFFu; },
        [](auto& p) { p.top_k = 0, p.top_p = 1, p.min_p = 0; },
        [](auto& p) { p.penalty_window = 0xFFFFFFFFu, p.frequency_penalty = largest; },
        [](auto& p) { p.frequency_penalty = -largest, p.presence_penalty = -largest; },
        [](auto& p) { p.repetition_penalty = largest; },
        [](auto& p) { p.repetition_penalty = std::numeric_limits<float>::denorm_min(); },
        [](auto& p) {
            p.logit_bias = {{1, largest}, {1, largest}, {2, -largest}, {3, -infinity}};
        },
    };
    const std::vector<TokenId> history = {1, 1, 2, 3, 3, 3};
    for (const auto& set : extremes) {
        SamplingParams params;
        set(params);
        params.seed = 7;
        Sampler sampler(params, 5);
        for (std::vector<float> logits : {std::vector<float>{0, 0, 0, 0, 0},
                                          {largest, -largest, largest, 0, -infinity},
                                          {-infinity, -infinity, -infinity, -infinity, -largest}}) {
            const auto before = logits;
            for (int i = 0; i < 20; ++i) {
                const TokenId token = sampler.next(logits, history);
                REQUIRE(token >= 0);
                REQUIRE(token < 5);
                CHECK(logits[static_cast<std::size_t>(token)] > -infinity);
            }
            CHECK(logits == before);
        }
    }
}

TEST_CASE("logits of another size are refused") {
    Sampler sampler({}, 10);
    std::vector<float> logits(9);
    CHECK_THROWS_AS(sampler.next(logits, {}), Error);
}

TEST_CASE("logits that are not finite are a fault of the numbers, not laundered by biases or penalties") {
    const std::vector<TokenId> history = {0, 1, 2, 3, 4, 5, 6, 7};
    for (float temperature : {0.0f, 1.0f}) {
        SamplingParams params;
        params.temperature = temperature;
        params.repetition_penalty = 1.5f;
        params.logit_bias = {{2, -infinity}, {3, 1.0f}};
        for (float bad : {nan, -nan, infinity}) {
            for (std::size_t at = 0; at < 9; ++at) {
                Sampler sampler(params, 9);
                std::vector<float> logits(9, 1.0f);
                logits[at] = bad;
                try {
                    sampler.next(logits, history);
                    FAIL("a bad logit at " << at << " gave a token");
                } catch (const Error& error) { CHECK(error.code() == ErrorCode::numerical_fault); }
                CHECK(logits[(at + 1) % 9] == 1.0f);
            }
        }
        Sampler sampler(params, 9);
        std::vector<float> none(9, -infinity);
        CHECK_THROWS_AS(sampler.next(none, history), Error);
        none[2] = 0;  // and this one is forbidden by its bias
        CHECK_THROWS_AS(sampler.next(none, history), Error);
        none[5] = -80;
        CHECK(sampler.next(none, history) == 5);
    }
}

}  // namespace lamina::sample
