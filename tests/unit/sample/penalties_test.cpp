#include <catch2/catch.hpp>

#include <cmath>

#include "naive.hpp"
#include "sample/sampler.hpp"
#include "support/random.hpp"

namespace lamina::sample {

TEST_CASE("penalties over a growing history choose what the plain formula chooses") {
    lamina::test::Random random(41);
    const std::uint32_t vocabulary = 90;
    for (int round = 0; round < 60; ++round) {
        auto params = SamplingParams::greedy();
        const std::uint32_t windows[] = {0, 1, 5, 64, 0xFFFFFFFFu};
        params.penalty_window = windows[random.below(5)];
        params.repetition_penalty = random.below(3) == 0 ? 1.0f : random.uniform(0.5f, 2.0f);
        params.presence_penalty = random.below(3) == 0 ? 0.0f : random.uniform(-2, 2);
        params.frequency_penalty = random.below(3) == 0 ? 0.0f : random.uniform(-2, 2);
        params.logit_bias = {{3, random.uniform(-3, 3)}, {70, no_logit}};
        Sampler sampler(params, vocabulary);
        std::vector<TokenId> history(random.below(150));
        for (auto& token : history) token = static_cast<TokenId>(random.below(vocabulary));
        for (int step = 0; step < 40; ++step) {
            auto logits = random.normals(vocabulary, 2.0f);
            const auto edited = test::naive_edited(logits, params, history);
            const auto before = logits;
            const TokenId token = sampler.next(logits, history);
            CHECK(logits == before);
            // Within rounding to float of the best.
            const double best = *std::max_element(edited.begin(), edited.end());
            CHECK(edited[static_cast<std::size_t>(token)] >= best - 1e-5);
            history.push_back(token);
        }
    }
}

TEST_CASE("the prompt counts, and only the window of it") {
    auto params = SamplingParams::greedy();
    params.presence_penalty = 5;
    params.penalty_window = 2;
    std::vector<float> logits = {3, 2, 1};
    CHECK(Sampler(params, 3).next(logits, std::vector<TokenId>{0}) == 1);
    CHECK(Sampler(params, 3).next(logits, std::vector<TokenId>{0, 1}) == 2);
    CHECK(Sampler(params, 3).next(logits, std::vector<TokenId>{0, 1, 1}) == 0);
    params.penalty_window = 0;
    CHECK(Sampler(params, 3).next(logits, std::vector<TokenId>{0, 1, 1}) == 0);
}

TEST_CASE("a repetition penalty makes negative logits less likely too") {
    auto params = SamplingParams::greedy();
    params.repetition_penalty = 2;
    std::vector<float> logits = {-1, -1.5f};
    CHECK(Sampler(params, 2).next(logits, std::vector<TokenId>{}) == 0);
    CHECK(Sampler(params, 2).next(logits, std::vector<TokenId>{0}) == 1);
}

TEST_CASE("frequency counts occurrences, presence does not") {
    auto params = SamplingParams::greedy();
    std::vector<float> logits = {3, 1};
    const std::vector<TokenId> history = {0, 0, 0};
    params.presence_penalty = 1;
    CHECK(Sampler(params, 2).next(logits, history) == 0);
    params.presence_penalty = 0, params.frequency_penalty = 1;
    CHECK(Sampler(params, 2).next(logits, history) == 1);
}

}  // namespace lamina::sample
