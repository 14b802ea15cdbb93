#include <catch2/catch.hpp>

#include <cmath>
#include <map>
#include <set>

#include "naive.hpp"
#include "sample/sampler.hpp"
#include "support/random.hpp"

namespace lamina::sample {
namespace {

using test::naive_distribution;

// Every token drawn often enough that a kept one is missed with a probability below 1e-9.
std::set<TokenId> support_of(const std::vector<float>& logits, SamplingParams params, int draws) {
    params.seed = 11;
    params.temperature = 1e6f;  // all that is kept is equally likely
    Sampler sampler(params, static_cast<std::uint32_t>(logits.size()));
    auto row = logits;
    std::set<TokenId> out;
    for (int i = 0; i < draws; ++i) out.insert(sampler.next(row, {}));
    return out;
}

std::set<TokenId> expected_support(const std::vector<float>& logits, const SamplingParams& params) {
    const auto p = naive_distribution(logits, params);
    std::set<TokenId> out;
    for (std::size_t i = 0; i < p.size(); ++i) {
        if (p[i] > 0) out.insert(static_cast<TokenId>(i));
    }
    return out;
}

void check_support(const std::vector<float>& logits, const SamplingParams& params) {
    const auto expected = expected_support(logits, params);
    const int draws = static_cast<int>(expected.size()) * 32 + 10;
    INFO("top_k " << params.top_k << " top_p " << params.top_p << " min_p " << params.min_p);
    CHECK(support_of(logits, params, draws) == expected);
}

SamplingParams filters(std::uint32_t top_k, float top_p, float min_p) {
    SamplingParams p;
    p.top_k = top_k;
    p.top_p = top_p;
    p.min_p = min_p;
    return p;
}

}  // namespace

TEST_CASE("each filter alone and all together keep what sorting keeps") {
    lamina::test::Random random(21);
    for (std::size_t size : {3u, 64u, 65u, 700u}) {
        const auto logits = random.normals(size, 2.5f);
        for (std::uint32_t k : {0u, 1u, 2u, 40u, 1000u}) {
            for (float p : {0.001f, 0.3f, 0.7f, 0.95f, 1.0f}) {
                for (float m : {0.0f, 0.02f, 0.5f, 0.99f}) check_support(logits, filters(k, p, m));
            }
        }
    }
}

TEST_CASE("equal logits: the lowest ids are kept") {
    const std::vector<float> logits(300, 0.5f);
    CHECK(support_of(logits, filters(3, 1, 0), 200) == std::set<TokenId>{0, 1, 2});
    CHECK(support_of(logits, filters(0, 0.01f, 0), 200) == std::set<TokenId>{0, 1, 2});  // 300 * 0.01 = 3
    CHECK(support_of(logits, filters(100, 0.02f, 0), 200) == std::set<TokenId>{0, 1});   // of 100, not of 300
    CHECK(support_of(logits, filters(0, 1, 0.99f), 20000).size() == 300);
}

TEST_CASE("a forbidden token is never kept") {
    std::vector<float> logits = {1, no_logit, 3, no_logit, 2};
    for (const auto& params :
         {filters(0, 1, 0), filters(5, 1, 0), filters(4, 0.999f, 0), filters(0, 0.9999f, 0)}) {
        CHECK(support_of(logits, params, 400) == std::set<TokenId>{0, 2, 4});
    }
}

TEST_CASE("temperature 0 takes the likeliest whatever the filters, the lowest id among equals") {
    lamina::test::Random random(22);
    auto params = SamplingParams::greedy();
    for (int round = 0; round < 50; ++round) {
        auto logits = random.normals(400, 1.0f);
        for (float& x : logits) x = std::round(x);
        params.top_k = static_cast<std::uint32_t>(random.below(3));
        Sampler sampler(params, 400);
        const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
        CHECK(sampler.next(logits, {}) == static_cast<TokenId>(best));
    }
}

TEST_CASE("filters see the distribution before temperature") {
    const std::vector<float> logits = {std::log(0.5f), std::log(0.3f), std::log(0.2f)};
    auto params = filters(0, 0.75f, 0);
    for (float temperature : {0.05f, 1.0f, 50.0f}) {
        params.temperature = temperature;
        const auto p = naive_distribution(logits, params);
        CHECK(p[2] == 0);
    }
    CHECK(support_of(logits, params, 300) == std::set<TokenId>{0, 1});
}

TEST_CASE("logit bias: single tokens, sums of several, forbidding") {
    std::vector<float> logits = {0, 1, 2, 3};
    auto params = SamplingParams::greedy();
    params.logit_bias = {{0, 2.0f}, {1, -1.0f}, {0, 1.5f}};
    CHECK(Sampler(params, 4).next(logits, {}) == 0);
    params.logit_bias = {{3, no_logit}, {3, 100.0f}};
    CHECK(Sampler(params, 4).next(logits, {}) == 2);
    CHECK(logits == std::vector<float>{0, 1, 2, 3});
}

}  // namespace lamina::sample
