#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sample/row.hpp"
#include "sample/window.hpp"
#include "support/random.hpp"

namespace lamina::sample {
namespace {

std::vector<std::size_t> by_logit(const std::vector<float>& logits) {
    std::vector<std::size_t> order(logits.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return logits[a] > logits[b]; });
    return order;
}

std::vector<TokenId> tokens(const std::vector<Key>& keys) {
    std::vector<TokenId> out;
    for (Key key : keys) out.push_back(key_token(key));
    return out;
}

}  // namespace

TEST_CASE("keys order by logit, then by smaller id, and give both back") {
    const float values[] = {-3e38f, -1.5f, -1e-40f, 0.0f, 1e-40f, 2.0f, 3e38f};
    for (std::size_t i = 0; i < std::size(values); ++i) {
        CHECK(key_logit(make_key(values[i], 7)) == values[i]);
        CHECK(key_token(make_key(values[i], 262143)) == 262143);
        CHECK(make_key(values[i], 3) > make_key(values[i], 4));
        if (i > 0) CHECK(make_key(values[i], 9) > make_key(values[i - 1], 0));
    }
    CHECK(make_key(-0.0f, 5) == make_key(0.0f, 5));
}

TEST_CASE("exp of what is not positive") {
    double worst = 0;
    for (int i = 0; i <= 870000; ++i) {
        const float x = -static_cast<float>(i) * 1e-4f;
        const double exact = std::exp(double{x});
        worst = std::max(worst, std::abs(double{exp_not_positive(x)} - exact) / exact);
    }
    CHECK(worst < 2e-7);
    CHECK(exp_not_positive(0.0f) == 1.0f);
    CHECK(exp_not_positive(-0.0f) == 1.0f);
    for (float x : {-88.1f, -1e10f, -3e38f, no_logit}) CHECK(exp_not_positive(x) == 0.0f);
}

TEST_CASE("the likeliest token and the k likeliest, for every size of tail") {
    test::Random random(1);
    Row row;
    std::vector<Key> out, work;
    for (std::size_t size : {1u, 2u, 63u, 64u, 65u, 127u, 128u, 1000u, 4099u}) {
        auto logits = random.normals(size, 3.0f);
        for (float& x : logits) x = std::round(x * 4) / 4;  // many ties
        REQUIRE(row.scan(logits));
        const auto order = by_logit(logits);
        CHECK(row.maximum() == logits[order[0]]);
        CHECK(static_cast<std::size_t>(row.likeliest()) == order[0]);
        for (std::size_t k :
             {std::size_t{0}, std::size_t{1}, std::size_t{5}, size / 2, size - 1, size, size + 3}) {
            row.gather_largest(k, out, work);
            std::vector<TokenId> expected;
            for (std::size_t i = 0; i < std::min(k, size); ++i)
                expected.push_back(static_cast<TokenId>(order[i]));
            std::sort(expected.begin(), expected.end());
            CHECK(tokens(out) == expected);
        }
    }
}

TEST_CASE("rows that are hard for a threshold: ascending, descending, all equal, nearly all forbidden") {
    const std::size_t size = 5000, k = 40;
    std::vector<std::vector<float>> rows(4, std::vector<float>(size));
    for (std::size_t i = 0; i < size; ++i) {
        rows[0][i] = static_cast<float>(i);
        rows[1][i] = -static_cast<float>(i);
        rows[2][i] = 1.25f;
        rows[3][i] = i % 500 == 3 ? static_cast<float>(i) : no_logit;
    }
    Row row;
    std::vector<Key> out, work;
    for (const auto& logits : rows) {
        REQUIRE(row.scan(logits));
        row.gather_largest(k, out, work);
        std::vector<TokenId> expected;
        for (auto token : by_logit(logits)) {
            if (expected.size() < k && logits[token] > no_logit)
                expected.push_back(static_cast<TokenId>(token));
        }
        std::sort(expected.begin(), expected.end());
        CHECK(tokens(out) == expected);
    }
}

TEST_CASE("one bad logit is found wherever it stands") {
    Row row;
    for (std::size_t size : {1u, 64u, 65u, 200u}) {
        for (std::size_t at = 0; at < size; ++at) {
            std::vector<float> logits(size, -1.0f);
            CHECK(row.scan(logits));
            logits[at] = no_logit;
            CHECK(row.scan(logits));
            logits[at] = std::numeric_limits<float>::quiet_NaN();
            CHECK_FALSE(row.scan(logits));
            logits[at] = -std::numeric_limits<float>::quiet_NaN();
            CHECK_FALSE(row.scan(logits));
            logits[at] = std::numeric_limits<float>::infinity();
            CHECK_FALSE(row.scan(logits));
        }
    }
}

TEST_CASE("sums of weights are those of their blocks and of exp") {
    test::Random random(2);
    const auto logits = random.normals(1000, 4.0f);
    Row row;
    REQUIRE(row.scan(logits));
    std::vector<Weight> blocks;
    const Weight total = row.sum(0.7f, blocks);
    CHECK(std::accumulate(blocks.begin(), blocks.end(), Weight{0}) == total);
    double exact = 0;
    for (float x : logits) exact += std::exp((double{x} - row.maximum()) * double{0.7f});
    CHECK(static_cast<double>(total) * 0x1p-40 == Approx(exact).epsilon(1e-6));

    std::vector<Weight> depths;
    const Weight unscaled = row.sum(1, blocks);
    CHECK(row.sum(depths) == unscaled);
    CHECK(std::accumulate(depths.begin(), depths.end(), Weight{0}) == unscaled);
    std::vector<Key> out;
    std::size_t gathered = 0;
    for (std::size_t depth = 0; depth < Row::depths; ++depth) {
        row.gather_depth(depth, out);
        Weight sum = 0;
        for (Key key : out) sum += weigh(key_logit(key), row.maximum(), 1);
        REQUIRE(sum == depths[depth]);
        gathered += out.size();
    }
    CHECK(gathered == logits.size());
    exact = 0;
    for (float x : logits) exact += std::exp(double{x} - row.maximum());
    CHECK(row.exponential_sum() == Approx(exact).epsilon(1e-6));
}

TEST_CASE("a window counts as counting anew does, however the history grows") {
    test::Random random(3);
    for (std::uint32_t window : {1u, 2u, 7u, 64u, 0xFFFFFFFFu}) {
        TokenWindow counted(window, 20);
        std::vector<TokenId> history;
        for (int step = 0; step < 300; ++step) {
            const auto more = step == 0 ? 50 : step % 50 == 0 ? random.below(90) : random.below(3);
            for (std::uint64_t i = 0; i < more; ++i)
                history.push_back(static_cast<TokenId>(random.below(22)) - 1);
            if (step % 111 == 110) history.resize(history.size() / 3);
            counted.advance(history);
            std::vector<std::uint32_t> expected(20), found(20);
            const std::size_t first = history.size() > window ? history.size() - window : 0;
            for (std::size_t i = first; i < history.size(); ++i) {
                if (history[i] >= 0 && history[i] < 20) ++expected[static_cast<std::size_t>(history[i])];
            }
            // Not read at every step: entries that fell out and came back meanwhile must be listed once.
            if (step % 4 == 1) continue;
            counted.for_each(
                [&](TokenId token, std::uint32_t count) { found[static_cast<std::size_t>(token)] += count; });
            REQUIRE(found == expected);
        }
    }
}

}  // namespace lamina::sample
