#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "support/expect_error.hpp"
#include "text_model.hpp"

namespace lamina::engine::test {
namespace {

using lamina::test::expect_error;
using Texts = std::vector<std::vector<TokenId>>;

Texts some_texts() {
    Texts out;
    for (std::size_t length : {1u, 7u, 40u, 3u, 128u, 64u}) {
        auto& text = out.emplace_back(length);
        std::iota(text.begin(), text.end(), static_cast<TokenId>(out.size() * 10));
    }
    return out;
}

double length_of(const std::vector<float>& v) {
    return std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
}

}  // namespace

TEST_CASE("embeddings: texts together are as texts alone, whatever the chunks") {
    const auto texts = some_texts();
    const auto alone = TextModel::load({.batch_tokens = 512});
    for (const auto pooling : {Pooling::mean, Pooling::last}) {
        for (const std::uint32_t sequences : {1u, 4u}) {
            const auto model = TextModel::load({.sequences = sequences, .batch_tokens = 16});
            const auto together = embed(model, texts, {.pooling = pooling});
            REQUIRE(together.size() == texts.size());
            for (std::size_t i = 0; i < texts.size(); ++i) {
                const auto one = embed(alone, Texts{texts[i]}, {.pooling = pooling}).at(0);
                REQUIRE(together[i].size() == model.info().embedding);
                for (std::size_t d = 0; d < one.size(); ++d)
                    CHECK(together[i][d] == Approx(one[d]).margin(1e-5));
            }
        }
    }
}

TEST_CASE("embeddings: mean pooling is the mean of what last pooling gives for every beginning") {
    const auto model = TextModel::load();
    const std::vector<TokenId> text{5, 9, 200, 31};
    const auto mean = embed(model, Texts{text}, {.normalise = false}).at(0);
    std::vector<double> sum(mean.size());
    for (std::size_t n = 1; n <= text.size(); ++n) {
        const Texts beginning{{text.begin(), text.begin() + static_cast<std::ptrdiff_t>(n)}};
        const auto last = embed(model, beginning, {.pooling = Pooling::last, .normalise = false}).at(0);
        for (std::size_t d = 0; d < sum.size(); ++d) sum[d] += static_cast<double>(last[d]);
    }
    for (std::size_t d = 0; d < sum.size(); ++d) CHECK(mean[d] == Approx(sum[d] / 4).margin(1e-5));
}

TEST_CASE("embeddings: normalised ones have the length 1 and the same direction") {
    const auto model = TextModel::load();
    const auto plain = embed(model, some_texts(), {.normalise = false});
    const auto unit = embed(model, some_texts());
    for (std::size_t i = 0; i < unit.size(); ++i) {
        CHECK(length_of(unit[i]) == Approx(1.0));
        for (std::size_t d = 0; d < unit[i].size(); ++d)
            CHECK(unit[i][d] == Approx(plain[i][d] / length_of(plain[i])).margin(1e-6));
    }
}

TEST_CASE("embeddings: text is encoded as asked, and the model computes on afterwards") {
    const auto model = TextModel::load({.sequences = 2});
    const std::vector<std::string> texts{"hello", "world", "he"};
    const auto vectors = embed(model, texts);
    Texts tokens;
    for (const auto& text : texts) tokens.push_back(model.tokenizer().encode(text, {.special = true}));
    CHECK(vectors == embed(model, tokens));
    Session session(model);
    CHECK(session.length(session.open()) == 0);
    CHECK(session.length(session.open()) == 0);  // every sequence came back
}

TEST_CASE("embeddings: what cannot be meant is refused, naming the text") {
    const auto model = TextModel::load();
    expect_error(ErrorCode::invalid_argument, {"texts[1]", "at least one token"}, [&] {
        embed(model, Texts{{1}, {}});
    });
    expect_error(ErrorCode::invalid_argument, {"texts[0]", "0..263", "264"},
                 [&] { embed(model, Texts{{264}}); });
    expect_error(ErrorCode::context_full, {"texts[0]", "128"},
                 [&] { embed(model, Texts{std::vector<TokenId>(129, 1)}); });
    CHECK(embed(model, Texts{}).empty());
    Session session(model);
    session.open();
    expect_error(ErrorCode::out_of_memory, {}, [&] { embed(model, Texts{{1}}); });
}

}  // namespace lamina::engine::test
