#include <catch2/catch.hpp>

#include <cmath>

#include "lamina/error.hpp"
#include "sample/logprobs.hpp"
#include "support/random.hpp"

namespace lamina::sample {

TEST_CASE("log-probabilities are the log-softmax, likeliest first, and sum to 1") {
    test::Random random(51);
    LogProbabilities logprobs;
    std::vector<TokenLogprob> out;
    for (std::size_t size : {1u, 7u, 64u, 1000u}) {
        const auto logits = random.normals(size, 5.0f);
        double sum = 0;
        for (float x : logits) sum += std::exp(double{x});
        const auto chosen = static_cast<TokenId>(random.below(size));
        logprobs.compute(logits, chosen, static_cast<std::uint32_t>(size), out);
        REQUIRE(out.size() == size + 1);
        CHECK(out[0].token == chosen);
        double total = 0;
        for (std::size_t i = 0; i < out.size(); ++i) {
            const double exact = double{logits[static_cast<std::size_t>(out[i].token)]} - std::log(sum);
            CHECK(double{out[i].logprob} == Approx(exact).margin(2e-6).epsilon(0));
            if (i > 1) CHECK(out[i].logprob <= out[i - 1].logprob);
            if (i > 0) total += std::exp(double{out[i].logprob});
        }
        CHECK(total == Approx(1.0).epsilon(1e-5));
    }
}

TEST_CASE("equal logits are listed by id, and a forbidden token has no probability") {
    LogProbabilities logprobs;
    std::vector<TokenLogprob> out;
    const std::vector<float> logits = {1, no_logit, 1, 1};
    logprobs.compute(logits, 1, 2, out);
    REQUIRE(out.size() == 3);
    CHECK(std::isinf(out[0].logprob));
    CHECK(out[1].token == 0);
    CHECK(out[2].token == 2);
    CHECK(out[1].logprob == Approx(-std::log(3.0)));
    logprobs.compute(logits, 0, 0, out);
    CHECK(out.size() == 1);
}

TEST_CASE("log-probabilities of a bad row are a numerical fault") {
    LogProbabilities logprobs;
    std::vector<TokenLogprob> out;
    std::vector<float> logits(70, 0.0f);
    logits[69] = std::numeric_limits<float>::quiet_NaN();
    CHECK_THROWS_AS(logprobs.compute(logits, 0, 1, out), Error);
    logits.assign(70, no_logit);
    CHECK_THROWS_AS(logprobs.compute(logits, 0, 1, out), Error);
}

}  // namespace lamina::sample
