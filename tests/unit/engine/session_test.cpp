#include <catch2/catch.hpp>
#include <thread>

#include "api/model_state.hpp"
#include "support/expect_error.hpp"
#include "text_model.hpp"

namespace lamina::engine::test {
namespace {

using lamina::test::expect_error;

std::vector<TokenId> some_tokens(std::size_t count, std::uint64_t seed = 1) {
    lamina::test::Random random(seed);
    std::vector<TokenId> out(count);
    for (auto& token : out) token = static_cast<TokenId>(random.below(264));
    return out;
}

struct Row {
    std::size_t item, token;
    std::vector<float> logits;
};

std::vector<Row> rows_of(Session& session, std::vector<SequenceTokens> items) {
    std::vector<Row> out;
    session.forward(items, [&](std::size_t item, std::size_t token, std::span<const float> logits) {
        out.push_back({item, token, {logits.begin(), logits.end()}});
    });
    return out;
}

}  // namespace

TEST_CASE("logits come in the order of items and tokens, however the steps are cut") {
    const auto a = some_tokens(40, 1), b = some_tokens(1, 2), c = some_tokens(25, 3), d = some_tokens(9, 4);
    std::vector<std::vector<Row>> results;
    for (auto [batch, wanted] : {std::pair{512u, 0u}, {512u, 3u}, {7u, 1u}, {1u, 1u}, {16u, 5u}}) {
        const auto model = TextModel::load({.sequences = 4, .batch_tokens = batch, .logit_rows = wanted});
        Session session(model);
        const std::vector<SequenceTokens> items = {{session.open(), a, WantedLogits::last},
                                                   {session.open(), b, WantedLogits::none},
                                                   {session.open(), c, WantedLogits::all},
                                                   {session.open(), d, WantedLogits::last}};
        results.push_back(rows_of(session, items));
        CHECK(session.length(items[0].sequence) == 40);
        CHECK(session.length(items[1].sequence) == 1);
        const auto& rows = results.back();
        REQUIRE(rows.size() == 27);
        CHECK((rows[0].item == 0 && rows[0].token == 39));
        for (std::size_t i = 0; i < 25; ++i) CHECK((rows[1 + i].item == 2 && rows[1 + i].token == i));
        CHECK((rows[26].item == 3 && rows[26].token == 8));
        for (std::size_t i = 0; i < rows.size(); ++i) {
            for (std::size_t v = 0; v < 264; ++v) {
                CHECK(rows[i].logits[v] == Approx(results[0][i].logits[v]).margin(1e-4));
            }
        }
    }
}

TEST_CASE("what can be checked is checked before anything is appended") {
    const auto model = TextModel::load({.sequences = 3, .batch_tokens = 8});
    Session session(model), other(model);
    const auto a = session.open(), b = session.open(), foreign = other.open();
    const auto good = some_tokens(20), wrong = std::vector<TokenId>{1, 264}, none = std::vector<TokenId>{};
    const auto refuses = [&](ErrorCode code, std::initializer_list<std::string_view> words,
                             SequenceTokens second) {
        const std::vector<SequenceTokens> items = {{a, good}, second};
        expect_error(code, words, [&] { session.forward(items, {}); });
        CHECK(session.length(a) == 0);
    };
    const auto bad = ErrorCode::invalid_argument;
    refuses(bad, {"items[1]", "264", "0..263"}, {b, wrong});
    refuses(bad, {"items[1]", "none"}, {b, none});
    refuses(bad, {"once", "twice"}, {a, good});
    refuses(bad, {"items[1].sequence", "open"}, {foreign, good});
    refuses(bad, {"items[1].sequence", "99"}, {99, good});
    const auto too_many = some_tokens(129);
    refuses(ErrorCode::context_full, {"items[1]", "128", "129"}, {b, too_many});
    session.close(b);
    refuses(bad, {"items[1].sequence"}, {b, good});
    expect_error(bad, {"sequence"}, [&] { session.close(b); });
    expect_error(bad, {"sequence"}, [&] { session.length(foreign); });
    CHECK_NOTHROW(session.forward({}, {}));
    const auto all = some_tokens(128);
    CHECK(rows_of(session, {{a, all}}).size() == 1);
    const auto one = some_tokens(1);
    expect_error(ErrorCode::context_full, {"128", "129"}, [&] { rows_of(session, {{a, one}}); });
}

TEST_CASE("truncating goes back to what was") {
    const auto model = TextModel::load();
    Session session(model);
    const auto id = session.open();
    const auto tokens = some_tokens(50);
    const std::span<const TokenId> all(tokens);
    const auto straight = rows_of(session, {{id, all}});
    session.truncate(id, 30);
    CHECK(session.length(id) == 30);
    const auto other = some_tokens(10, 9);
    rows_of(session, {{id, other}});
    session.truncate(id, 30);
    const auto again = rows_of(session, {{id, all.subspan(30)}});
    for (std::size_t v = 0; v < 264; ++v)
        CHECK(again[0].logits[v] == Approx(straight[0].logits[v]).margin(1e-4));
    expect_error(ErrorCode::invalid_argument, {"length", "50", "51"}, [&] { session.truncate(id, 51); });
    session.truncate(id, 0);
    CHECK(session.length(id) == 0);
}

TEST_CASE("a sliding window refuses what it has let go of") {
    const auto model = Model::load(LAMINA_TEST_DATA "/tiny/gemma3.gguf", {.backend = "reference"});
    Session session(model);
    const auto id = session.open();
    std::vector<TokenId> tokens(std::min(model.options().context, 200u), 3);
    const SequenceTokens items[] = {{id, tokens, WantedLogits::none}};
    session.forward(items, {});
    if (model.state()->executor->lease().sequences().can_truncate(id, 1))
        FAIL("the model's window must be shorter than its context");
    expect_error(ErrorCode::invalid_argument, {"length", "window"}, [&] { session.truncate(id, 1); });
    session.truncate(id, 0);
}

TEST_CASE("a session and an engine share a model of one sequence in turns") {
    const auto model = TextModel::load();
    lamina::Engine engine(model);
    lamina::Request request;
    request.prompt = "hello";
    request.max_tokens = 3;
    request.sampling = SamplingParams::greedy();
    auto before = engine.submit(request);
    before.wait();
    {
        Session session(model);  // takes the place of what the engine had kept
        const auto id = session.open();
        const auto tokens = some_tokens(5);
        CHECK(rows_of(session, {{id, tokens}}).size() == 1);
        expect_error(ErrorCode::out_of_memory, {"sequences"}, [&] { session.open(); });
        auto refused = engine.submit(request);
        expect_error(ErrorCode::out_of_memory, {"sequences"}, [&] { refused.text(); });
    }
    auto after = engine.submit(request);
    after.wait();
    CHECK(after.tokens() == before.tokens());
}

TEST_CASE("a sink may use an engine of the same model, but not its own session") {
    const auto model = TextModel::load({.sequences = 2});
    lamina::Engine engine(model);
    Session session(model);
    const auto id = session.open();
    const auto tokens = some_tokens(5);
    const SequenceTokens items[] = {{id, tokens, WantedLogits::last}};
    std::size_t answered = 0;
    session.forward(items, [&](std::size_t, std::size_t, std::span<const float>) {
        auto answer = engine.submit({.prompt = "x", .max_tokens = 2, .ignore_end = true});
        answer.wait();
        answered = answer.tokens().size();
        expect_error(ErrorCode::invalid_argument, {"sink"}, [&] { session.truncate(id, 0); });
        expect_error(ErrorCode::invalid_argument, {"sink"}, [&] { session.forward(items, {}); });
    });
    CHECK(answered == 2);
    CHECK_THROWS_AS(
        session.forward(items, [](auto, auto, auto) { throw Error(ErrorCode::cancelled, "test", "mine"); }),
        Error);
    session.truncate(id, 0);  // usable again
}

TEST_CASE("sessions in two threads and an engine in a third get what each gets alone") {
    const auto model = TextModel::load({.sequences = 3, .batch_tokens = 8});
    const auto run = [&](std::uint64_t seed) {
        Session session(model);
        const auto id = session.open();
        const auto tokens = some_tokens(60, seed);
        return rows_of(session, {{id, tokens, WantedLogits::all}}).back().logits;
    };
    const auto alone_a = run(1), alone_b = run(2);
    std::vector<float> a, b;
    std::thread first([&] { a = run(1); }), second([&] { b = run(2); });
    lamina::Engine engine(model);
    auto answer = engine.submit({.prompt = "hello", .max_tokens = 10, .ignore_end = true});
    answer.wait();
    first.join();
    second.join();
    CHECK(a == alone_a);
    CHECK(b == alone_b);
    CHECK(answer.tokens().size() == 10);
}

}  // namespace lamina::engine::test
