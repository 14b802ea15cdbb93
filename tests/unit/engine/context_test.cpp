// A context that fills up, and what a sequence that is no longer needed is still good for.
#include <catch2/catch.hpp>

#include "fake_forward.hpp"

namespace lamina::engine::test {
namespace {

// Shifting written down plainly: the answer, given the tokens that the model still sees.
std::vector<TokenId> expected_shifted(std::vector<TokenId> live, std::size_t count, std::size_t context,
                                      std::size_t keep) {
    std::vector<TokenId> out;
    while (out.size() < count) {
        out.push_back(expected_greedy(live, 1)[0]);
        live.push_back(out.back());
        if (live.size() < context) continue;
        const std::size_t forgotten = (live.size() - keep + 1) / 2;
        live.erase(live.begin() + static_cast<std::ptrdiff_t>(keep),
                   live.begin() + static_cast<std::ptrdiff_t>(keep + forgotten));
    }
    return out;
}

}  // namespace

TEST_CASE("a full context ends the answer: prompt and answer together fill it exactly") {
    for (std::size_t prompt : {1u, 64u, 126u, 127u}) {
        Fixture f;
        auto request = greedy(random_tokens(prompt, prompt), 0);
        const auto task = f.engine->submit(request);
        f.run(*task);
        CHECK(task->reason() == FinishReason::context_full);
        CHECK(task->tokens() == expected_greedy(request.prompt, 128 - prompt));
    }
}

TEST_CASE("the limit of tokens comes before the full context") {
    Fixture f;
    const auto task = f.engine->submit(greedy(random_tokens(1, 120), 8));
    f.run(*task);
    CHECK(task->reason() == FinishReason::max_tokens);
}

TEST_CASE("a context that shifts goes on with what is kept") {
    for (std::uint32_t window : {0u, 40u}) {
        for (std::uint32_t keep : {0u, 1u, 10u, 100u, 126u}) {
            FakeOptions options;
            options.window = window;
            Fixture f(options);
            auto request = greedy(random_tokens(keep, 50), 400);
            request.when_full = WhenFull::shift;
            request.keep = keep;
            const auto task = f.engine->submit(request);
            f.run(*task);
            CHECK(task->reason() == FinishReason::max_tokens);
            CHECK(task->tokens() == expected_shifted(request.prompt, 400, 128, keep));
            CHECK(f.conserves_pages());
        }
    }
}

TEST_CASE("tokens that are given together count as such, however steps cut them") {
    for (const std::uint32_t requests : {1u, 2u, 5u}) {
        Fixture f({.sequences = requests}, 64, requests);
        std::vector<std::shared_ptr<Task>> tasks;
        for (std::uint32_t i = 0; i < requests; ++i) {
            auto request = greedy(random_tokens(i, 50), 150);
            request.when_full = WhenFull::shift;
            tasks.push_back(f.engine->submit(request));
        }
        for (const auto& task : tasks) f.run(*task);
        // The prompt, tokens one by one until 128 are there, the younger half of them, tokens one by one.
        std::vector<bool> expected(50, true);
        expected.insert(expected.end(), 77, false);
        expected.insert(expected.end(), 64, true);
        expected.insert(expected.end(), 63, false);
        REQUIRE(f.model->prefill.size() == requests);
        for (auto& [sequence, prefill] : f.model->prefill) {
            INFO(requests << " requests, sequence " << sequence);
            prefill.resize(std::min(prefill.size(), expected.size()));
            CHECK(prefill == expected);
        }
    }
}

TEST_CASE("the smallest context") {
    FakeOptions options;
    options.context = 2;
    Fixture f(options);
    CHECK(f.answer(greedy({3}, 0)) == expected_greedy({3}, 1));
    auto request = greedy({3}, 5);
    request.when_full = WhenFull::shift;
    CHECK(f.answer(request).size() == 5);
}

TEST_CASE("a request that begins like the last one does not compute its beginning again") {
    Fixture f;
    auto chat = random_tokens(1, 30);
    for (int turn = 0; turn < 3; ++turn) {
        const auto before = f.model->rows;
        const auto task = f.engine->submit(greedy(chat, 8));
        f.run(*task);
        CHECK(task->tokens() == expected_greedy(chat, 8));
        // The last token of the answer before was never computed.
        const std::uint32_t cached = turn == 0 ? 0 : static_cast<std::uint32_t>(chat.size()) - 6;
        CHECK(task->statistics().cached_tokens == cached);
        CHECK(f.model->rows - before == chat.size() - cached + 7);
        const auto answer = task->tokens();
        chat.insert(chat.end(), answer.begin(), answer.end());
        for (TokenId token : random_tokens(static_cast<std::uint64_t>(100 + turn), 5)) chat.push_back(token);
    }
}

TEST_CASE("the same prompt again computes its last token alone") {
    Fixture f;
    const auto prompt = random_tokens(2, 40);
    const auto first = f.answer(greedy(prompt, 10));
    const auto before = f.model->rows;
    const auto task = f.engine->submit(greedy(prompt, 10));
    f.run(*task);
    CHECK(task->statistics().cached_tokens == 39);
    CHECK(f.model->rows - before == 10);
    CHECK(task->tokens() == first);
}

TEST_CASE("any two prompts: the second answer is as if the first had never been") {
    lamina::test::Random random(77);
    for (int round = 0; round < 300; ++round) {
        FakeOptions options;
        options.window = random.below(2) == 0 ? 0 : 33;
        options.sequences = 1 + static_cast<std::uint32_t>(random.below(3));
        Fixture f(options);
        std::vector<TokenId> prompt = random_tokens(random.bits(), 1 + random.below(100));
        for (int turn = 0; turn < 5; ++turn) {
            const auto count = 1 + random.below(20);
            const auto task = f.engine->submit(greedy(prompt, static_cast<std::uint32_t>(count)));
            f.run(*task);
            const auto answer = task->tokens();
            REQUIRE(answer == expected_greedy(prompt, answer.size()));
            REQUIRE(task->statistics().cached_tokens < prompt.size());
            // Goes on, goes back, or differs somewhere.
            if (random.below(2) == 0) prompt.insert(prompt.end(), answer.begin(), answer.end());
            if (random.below(2) == 0) prompt.resize(1 + random.below(prompt.size()));
            if (random.below(3) == 0)
                prompt[random.below(prompt.size())] = static_cast<TokenId>(random.below(50));
            if (prompt.size() > 100) prompt.resize(100);
        }
        REQUIRE(f.conserves_pages());
    }
}

TEST_CASE("what others need comes before what is parked") {
    FakeOptions options;
    options.sequences = 2;
    Fixture f(options);
    f.answer(greedy(random_tokens(1, 40), 3));
    f.answer(greedy(random_tokens(2, 40), 3));
    CHECK(f.model->parked() == 2);
    const auto mine = f.model->lease().prefixes().open();  // as a session does
    const auto other = f.model->lease().prefixes().open();
    CHECK(f.model->parked() == 0);
    CHECK(f.model->all_pages_free());
    // Now there is no sequence for a request: it fails, saying so.
    const auto task = f.engine->submit(greedy({1, 2}, 3));
    f.run(*task);
    CHECK(task->reason() == FinishReason::failed);
    CHECK_THROWS_AS(std::rethrow_exception(task->error()), Error);
    f.model->lease().sequences().close(mine);
    CHECK(f.answer(greedy({1, 2}, 3)) == expected_greedy({1, 2}, 3));
    f.model->lease().sequences().close(other);
    CHECK(f.conserves_pages());
}

TEST_CASE("two conversations in turn keep their own sequences where there are two") {
    FakeOptions options;
    options.sequences = 2;
    Fixture f(options);
    auto a = random_tokens(1, 30), b = random_tokens(2, 30);
    b[0] = a[0];  // a common first token is no reason to give up a conversation
    for (int turn = 0; turn < 3; ++turn) {
        for (auto* chat : {&a, &b}) {
            const auto task = f.engine->submit(greedy(*chat, 4));
            f.run(*task);
            if (turn > 0) CHECK(task->statistics().cached_tokens >= chat->size() - 3);
            const auto answer = task->tokens();
            chat->insert(chat->end(), answer.begin(), answer.end());
            chat->push_back(1);
        }
    }
}

}  // namespace lamina::engine::test
