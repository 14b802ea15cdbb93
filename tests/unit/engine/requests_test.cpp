#include <catch2/catch.hpp>
#include <cmath>

#include "fake_forward.hpp"
#include "support/expect_error.hpp"

namespace lamina::engine::test {

TEST_CASE("greedy answers are those of the model, for prompts of any number of chunks") {
    for (std::size_t prompt : {1u, 2u, 15u, 16u, 17u, 32u, 33u, 100u}) {
        Fixture f;
        const auto tokens = random_tokens(prompt, prompt);
        CHECK(f.answer(greedy(tokens, 20)) == expected_greedy(tokens, 20));
        CHECK(f.model->rows == prompt + 19);               // the last token is not computed
        CHECK(f.model->steps == (prompt + 15) / 16 + 19);  // chunks of 16, then one each
    }
}

TEST_CASE("requests are answered in order, each as if alone") {
    Fixture f;
    std::vector<std::shared_ptr<Task>> tasks;
    std::vector<int> finished;
    for (int i = 0; i < 10; ++i) {
        auto request =
            greedy(random_tokens(static_cast<std::uint64_t>(i), 5 + static_cast<std::size_t>(i)), 6);
        request.on_finish = [&finished, i](FinishReason) { finished.push_back(i); };
        tasks.push_back(f.engine->submit(std::move(request)));
    }
    f.run(*tasks.back());
    CHECK(finished == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    for (std::size_t i = 0; i < 10; ++i) {
        CHECK(tasks[i]->reason() == FinishReason::max_tokens);
        CHECK(tasks[i]->tokens() == expected_greedy(random_tokens(i, 5 + i), 6));
    }
    CHECK_FALSE(f.engine->step());
    CHECK(f.conserves_pages());
}

TEST_CASE("many requests in one batch give what each gives alone") {
    for (std::uint32_t active : {2u, 3u, 8u}) {
        FakeOptions options;
        options.sequences = 8, options.max_outputs = 4;
        Fixture f(options, 64, active);
        std::vector<std::shared_ptr<Task>> tasks;
        for (std::uint64_t i = 0; i < 12; ++i)
            tasks.push_back(f.engine->submit(greedy(random_tokens(i, 3 + 7 * i), 4 + i % 5)));
        f.run(*tasks.back());
        for (std::uint64_t i = 0; i < 12; ++i) {
            f.run(*tasks[i]);
            CHECK(tasks[i]->tokens() == expected_greedy(random_tokens(i, 3 + 7 * i), 4 + i % 5));
        }
        CHECK(f.conserves_pages());
    }
}

TEST_CASE("an end token ends the answer and is no part of it, unless it is ignored") {
    const auto prompt = random_tokens(5, 8);
    const auto all = expected_greedy(prompt, 30);
    const TokenId end = all[12];
    const auto first = static_cast<std::size_t>(std::find(all.begin(), all.end(), end) - all.begin());
    Fixture f;
    auto request = greedy(prompt, 30);
    request.end_tokens = {end, 49};
    if (std::find(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(first), 49) ==
        all.begin() + static_cast<std::ptrdiff_t>(first)) {
        const auto task = f.engine->submit(request);
        f.run(*task);
        CHECK(task->reason() == FinishReason::end_token);
        CHECK(task->tokens() ==
              std::vector<TokenId>(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(first)));
    } else {
        FAIL("the prompt's seed must be one whose answer has no token 49 before the end");
    }
    request.ignore_end = true;
    CHECK(f.answer(request) == all);
}

TEST_CASE("the sink ends an answer with the reason that it gives") {
    Fixture f;
    for (auto reason : {FinishReason::stop_string, FinishReason::cancelled}) {
        auto request = greedy(random_tokens(1, 4), 30);
        int count = 0;
        request.sink = [&](TokenId, auto) { return ++count == 3 ? reason : FinishReason::running; };
        const auto task = f.engine->submit(std::move(request));
        f.run(*task);
        CHECK(task->reason() == reason);
        CHECK(task->tokens().size() == 3);
    }
}

TEST_CASE("what cannot be meant is refused at submit, naming the field") {
    using lamina::test::expect_error;
    Fixture f;
    const auto refuses = [&](ErrorCode code, std::initializer_list<std::string_view> words, auto set) {
        auto request = greedy(random_tokens(1, 4), 4);
        set(request);
        expect_error(code, words, [&] { f.engine->submit(std::move(request)); });
    };
    const auto bad = ErrorCode::invalid_argument;
    refuses(bad, {"prompt", "none"}, [](Request& r) { r.prompt.clear(); });
    refuses(bad, {"tokens", "0..49", "50 at 2"}, [](Request& r) { r.prompt[2] = 50; });
    refuses(bad, {"tokens", "-1 at 0"}, [](Request& r) { r.prompt[0] = -1; });
    refuses(bad, {"logprobs", "0..256", "257"}, [](Request& r) { r.logprobs = 257; });
    refuses(bad, {"temperature", "nan"}, [](Request& r) { r.sampling.temperature = std::nanf(""); });
    refuses(bad, {"logit_bias", "50"}, [](Request& r) { r.sampling.logit_bias = {{50, 1.0f}}; });
    refuses(bad, {"max_tokens", "shift"},
            [](Request& r) { r.when_full = WhenFull::shift, r.max_tokens = 0; });
    refuses(bad, {"keep", "126", "127"}, [](Request& r) { r.when_full = WhenFull::shift, r.keep = 127; });
    refuses(ErrorCode::context_full, {"prompt", "127", "128"},
            [](Request& r) { r.prompt = random_tokens(1, 128); });
    refuses(ErrorCode::context_full, {"5000"}, [](Request& r) { r.prompt = random_tokens(1, 5000); });
    CHECK_FALSE(f.engine->step());
    CHECK_THROWS_AS(Engine(f.model, 0), Error);
}

TEST_CASE("the queue is bounded and empties") {
    Fixture f({}, 3);
    std::vector<std::shared_ptr<Task>> tasks;
    for (int i = 0; i < 3; ++i) tasks.push_back(f.engine->submit(greedy(random_tokens(1, 4), 3)));
    lamina::test::expect_error(ErrorCode::queue_full, {"queue", "3"},
                               [&] { f.engine->submit(greedy({1}, 1)); });
    CHECK(f.engine->step());  // the first is not waiting any more
    tasks.push_back(f.engine->submit(greedy(random_tokens(1, 4), 3)));
    CHECK_THROWS_AS(f.engine->submit(greedy({1}, 1)), Error);
    f.engine->cancel(*tasks[1]);
    tasks.push_back(f.engine->submit(greedy(random_tokens(1, 4), 3)));
    f.run(*tasks.back());
    for (std::size_t i = 0; i < tasks.size(); ++i) CHECK(tasks[i]->tokens().size() == (i == 1 ? 0 : 3));
}

TEST_CASE("equal seeds give equal answers, other seeds others") {
    Fixture f;
    Request request;
    request.prompt = random_tokens(8, 10);
    request.max_tokens = 40;
    request.sampling.seed = 1;
    const auto first = f.answer(request);
    CHECK(f.answer(request) == first);
    request.sampling.seed = 2;
    CHECK(f.answer(request) != first);
}

TEST_CASE("log-probabilities belong to the model's logits, whatever sampling and callbacks do to them") {
    Fixture f;
    const auto prompt = random_tokens(9, 6);
    auto request = greedy(prompt, 5);
    request.logprobs = 50;
    request.sampling.logit_bias = {{7, 100.0f}};
    request.on_logits = [](std::span<float> logits, auto) { logits[8] = 1000.0f; };
    std::vector<TokenId> tokens = prompt;
    int steps = 0;
    request.sink = [&](TokenId token, std::span<const TokenLogprob> logprobs) {
        REQUIRE(token == 8);
        REQUIRE(logprobs.size() == 51);
        CHECK(logprobs[0].token == token);
        const auto logits = FakeModel::logits_after(tokens, 50);
        double all = 0, sum = 0;
        for (float x : logits) all += std::exp(double{x});
        for (std::size_t i = 0; i < logprobs.size(); ++i) {
            const double exact = double{logits[static_cast<std::size_t>(logprobs[i].token)]} - std::log(all);
            CHECK(double{logprobs[i].logprob} == Approx(exact).margin(1e-5));
            if (i > 0) sum += std::exp(double{logprobs[i].logprob});
        }
        CHECK(sum == Approx(1.0).epsilon(1e-5));
        tokens.push_back(token);
        ++steps;
        return FinishReason::running;
    };
    CHECK(f.answer(request).size() == 5);
    CHECK(steps == 5);
    request.on_logits = nullptr, request.logprobs = 0, request.report_chosen_logprob = true;
    request.sink = [&](TokenId token, std::span<const TokenLogprob> logprobs) {
        CHECK(logprobs.size() == 1);
        CHECK(logprobs[0].token == token);
        return FinishReason::running;
    };
    CHECK(f.answer(request).size() == 5);
}

TEST_CASE("on_logits sees the logits and the whole history, and steers") {
    Fixture f;
    auto request = greedy(random_tokens(4, 20), 10);
    std::vector<TokenId> seen;
    request.on_logits = [&](std::span<float> logits, std::span<const TokenId> history) {
        seen.assign(history.begin(), history.end());
        for (float& x : logits) x = 0;
        logits[history.size() % 50] = 1;
    };
    const auto tokens = f.answer(request);
    for (std::size_t i = 0; i < 10; ++i) CHECK(tokens[i] == static_cast<TokenId>((20 + i) % 50));
    auto expected = random_tokens(4, 20);
    expected.insert(expected.end(), tokens.begin(), tokens.end() - 1);
    CHECK(seen == expected);
}

TEST_CASE("statistics count tokens and time") {
    Fixture f;
    const auto task = f.engine->submit(greedy(random_tokens(4, 20), 10));
    CHECK(task->statistics().prompt_tokens == 20);
    f.run(*task);
    const auto s = task->statistics();
    CHECK(s.generated_tokens == 10);
    CHECK(s.cached_tokens == 0);
    CHECK(s.queue_seconds >= 0);
    CHECK(s.prefill_seconds > 0);
    CHECK(s.decode_seconds > 0);
    CHECK(s.tokens_per_second() > 0);
}

}  // namespace lamina::engine::test
