#include <catch2/catch.hpp>

#include <cmath>

#include "naive.hpp"
#include "sample/sampler.hpp"
#include "support/random.hpp"

namespace lamina::sample {
namespace {

std::vector<TokenId> draw(SamplingParams params, std::vector<float> logits, int count) {
    Sampler sampler(params, static_cast<std::uint32_t>(logits.size()));
    std::vector<TokenId> out;
    for (int i = 0; i < count; ++i) out.push_back(sampler.next(logits, {}));
    return out;
}

// Pearson's chi-squared of the draws against exact probabilities, cells of fewer than five expected draws
// pooled; returned in standard deviations above its mean (a chi-squared of n degrees has mean n and variance
// 2n).
double chi_squared_excess(const std::vector<TokenId>& tokens, const std::vector<double>& p) {
    std::vector<double> counts(p.size());
    for (TokenId token : tokens) counts[static_cast<std::size_t>(token)] += 1;
    const auto n = static_cast<double>(tokens.size());
    double sum = 0, rare_expected = 0, rare_counted = 0, cells = 0;
    const auto add = [&](double expected, double counted) {
        sum += (counted - expected) * (counted - expected) / expected;
        cells += 1;
    };
    for (std::size_t i = 0; i < p.size(); ++i) {
        if (p[i] == 0) REQUIRE(counts[i] == 0);
        if (p[i] * n >= 5) {
            add(p[i] * n, counts[i]);
        } else {
            rare_expected += p[i] * n;
            rare_counted += counts[i];
        }
    }
    if (rare_expected >= 5) add(rare_expected, rare_counted);
    const double degrees = std::max(cells - 1, 1.0);
    return (sum - degrees) / std::sqrt(2 * degrees);
}

}  // namespace

TEST_CASE("tokens are drawn as often as the exact distribution says") {
    lamina::test::Random random(31);
    const auto logits = random.normals(500, 2.0f);
    std::uint64_t seed = 0;
    for (float temperature : {0.3f, 0.8f, 1.0f, 2.0f}) {
        for (std::uint32_t k : {0u, 40u}) {
            for (float top_p : {0.9f, 1.0f}) {
                for (float min_p : {0.0f, 0.05f}) {
                    SamplingParams params;
                    params.temperature = temperature, params.top_k = k, params.top_p = top_p,
                    params.min_p = min_p;
                    params.seed = ++seed;
                    const auto excess = chi_squared_excess(draw(params, logits, 20000),
                                                           test::naive_distribution(logits, params));
                    INFO("temperature " << temperature << " k " << k << " p " << top_p << " min " << min_p);
                    CHECK(excess < 4.5);
                }
            }
        }
    }
}

TEST_CASE("the test of the distribution notices a wrong one") {
    lamina::test::Random random(32);
    const auto logits = random.normals(500, 2.0f);
    SamplingParams params;
    params.top_k = 0, params.top_p = 1, params.min_p = 0, params.seed = 1, params.temperature = 1.0f;
    const auto tokens = draw(params, logits, 20000);
    params.temperature = 1.05f;
    CHECK(chi_squared_excess(tokens, test::naive_distribution(logits, params)) > 6);
}

TEST_CASE("equal seeds give equal tokens, other seeds others, no seed a fresh one") {
    lamina::test::Random random(33);
    const auto logits = random.normals(1000, 1.0f);
    SamplingParams params;
    params.seed = 5;
    const auto first = draw(params, logits, 50);
    CHECK(draw(params, logits, 50) == first);
    params.seed = 6;
    CHECK(draw(params, logits, 50) != first);
    params.seed.reset();
    CHECK(draw(params, logits, 50) != draw(params, logits, 50));
    CHECK(fresh_seed() != fresh_seed());
}

TEST_CASE("the generator gives the published numbers") {
    // splitmix64 of seed 1234567 begins 6457827717110365317, 3203168211198807973, 9817491932198370423,
    // 4593380528125082431; the first output of xoshiro256** is rotl(second word * 5, 7) * 9.
    Random random(1234567);
    CHECK(random.next() == std::rotl(std::uint64_t{3203168211198807973u} * 5, 7) * 9);
    CHECK(scale_draw(0, 10) == 0);
    CHECK(scale_draw(~std::uint64_t{0}, 10) == 9);
    CHECK(scale_draw(std::uint64_t{1} << 63, 10) == 5);
}

TEST_CASE("each token costs one draw, whatever the filters leave") {
    // After n tokens of any kind of row, the next draw is the same.
    lamina::test::Random random(34);
    const auto wide = random.normals(300, 1.0f);
    std::vector<float> certain(300, no_logit);
    certain[17] = 0;
    SamplingParams params;
    params.seed = 9;
    Sampler a(params, 300), b(params, 300);
    for (int i = 0; i < 20; ++i) {
        auto row_a = wide, row_b = certain;
        a.next(row_a, {});
        CHECK(b.next(row_b, {}) == 17);
        auto next_a = wide, next_b = wide;
        CHECK(a.next(next_a, {}) == b.next(next_b, {}));
    }
}

}  // namespace lamina::sample
