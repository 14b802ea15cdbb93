#include <catch2/catch.hpp>
#include <stdexcept>

#include "fake_forward.hpp"

namespace lamina::engine::test {
namespace {

ErrorCode code_of(const Task& task) {
    REQUIRE(task.reason() == FinishReason::failed);
    try {
        std::rethrow_exception(task.error());
    } catch (const Error& error) { return error.code(); }
}

}  // namespace

TEST_CASE("logits that are not finite end their own request alone and are not remembered") {
    for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        for (std::uint32_t active : {1u, 3u}) {
            FakeOptions options;
            options.sequences = 3;
            Fixture f(options, 64, active);
            const auto victim = random_tokens(2, 30);
            f.model->on_row = [&](std::span<const TokenId> tokens, std::span<float> logits) {
                if (tokens.size() == 33 && std::equal(victim.begin(), victim.end(), tokens.begin()))
                    logits[49] = bad;
            };
            const auto before = f.engine->submit(greedy(random_tokens(1, 20), 10));
            const auto faulty = f.engine->submit(greedy(victim, 10));
            const auto after = f.engine->submit(greedy(random_tokens(3, 20), 10));
            f.run(*after);
            CHECK(code_of(*faulty) == ErrorCode::numerical_fault);
            CHECK(faulty->tokens() == expected_greedy(victim, 3));
            CHECK(before->tokens() == expected_greedy(random_tokens(1, 20), 10));
            CHECK(after->tokens() == expected_greedy(random_tokens(3, 20), 10));
            f.model->on_row = nullptr;
            const auto again = f.engine->submit(greedy(victim, 10));
            f.run(*again);
            CHECK(again->statistics().cached_tokens == 0);
            CHECK(again->tokens() == expected_greedy(victim, 10));
            CHECK(f.conserves_pages());
        }
    }
}

TEST_CASE("a callback that throws fails its own request with what it threw") {
    for (int which = 0; which < 3; ++which) {
        Fixture f;
        auto request = greedy(random_tokens(1, 20), 10);
        if (which == 0)
            request.sink = [](TokenId, auto) -> FinishReason { throw std::runtime_error("mine"); };
        if (which == 1) request.on_logits = [](auto, auto) { throw std::runtime_error("mine"); };
        if (which == 2) request.on_finish = [](FinishReason) { throw std::runtime_error("mine"); };
        const auto task = f.engine->submit(request);
        const auto next = f.engine->submit(greedy(random_tokens(2, 20), 10));
        f.run(*next);
        CHECK(task->reason() == FinishReason::failed);
        CHECK_THROWS_WITH(std::rethrow_exception(task->error()), "mine");
        CHECK(next->tokens() == expected_greedy(random_tokens(2, 20), 10));
        CHECK(f.conserves_pages());
    }
}

TEST_CASE("on_logits that writes NaN fails its own request") {
    Fixture f;
    auto request = greedy(random_tokens(1, 20), 10);
    request.on_logits = [](std::span<float> logits, auto) {
        logits[0] = std::numeric_limits<float>::quiet_NaN();
    };
    const auto task = f.engine->submit(request);
    f.run(*task);
    CHECK(code_of(*task) == ErrorCode::numerical_fault);
    CHECK(f.answer(greedy(random_tokens(1, 20), 10)) == expected_greedy(random_tokens(1, 20), 10));
}

TEST_CASE("a step that fails for want of memory ends the requests in it, and the next goes on") {
    for (int kind = 0; kind < 2; ++kind) {
        Fixture f;
        int calls = 0;
        f.model->on_step = [&](std::uint64_t) {
            if (++calls != 4) return;
            if (kind == 0) throw Error(ErrorCode::out_of_memory, "cache", "no free page");
            throw std::bad_alloc();
        };
        const auto task = f.engine->submit(greedy(random_tokens(1, 20), 10));
        const auto next = f.engine->submit(greedy(random_tokens(1, 20), 10));
        f.run(*next);
        CHECK(task->reason() == FinishReason::failed);
        CHECK(next->tokens() == expected_greedy(random_tokens(1, 20), 10));
        CHECK(f.conserves_pages());
    }
}

TEST_CASE("want of cache pages ends the request that finds none, and no other of the step") {
    FakeOptions options;
    options.sequences = 2;
    options.pages = 4;  // of 32 tokens: two for each, so that none is left for a 65th token
    Fixture f(options, 64, 2);
    const auto fits = greedy(random_tokens(1, 33), 31), grows = greedy(random_tokens(2, 40), 60);
    const auto other = f.engine->submit(fits), starved = f.engine->submit(grows);
    f.run(*starved);
    CHECK(code_of(*starved) == ErrorCode::out_of_memory);
    CHECK(starved->tokens() == expected_greedy(grows.prompt, 25));
    CHECK_FALSE(other->finished());
    f.run(*other);
    CHECK(other->reason() == FinishReason::max_tokens);
    CHECK(other->tokens() == expected_greedy(fits.prompt, 31));
    f.model->lease().prefixes().clear();
    CHECK(f.answer(greedy(grows.prompt, 60)) == expected_greedy(grows.prompt, 60));
    CHECK(f.conserves_pages());
}

TEST_CASE("a failed device kills the engine: nothing runs after it and everything says so") {
    FakeOptions options;
    options.sequences = 2;
    for (std::uint32_t active : {1u, 2u}) {
        Fixture f(options, 64, active);
        f.model->on_step = [](std::uint64_t step) {
            if (step == 2) throw Error(ErrorCode::device_failed, "fake", "gone");
        };
        std::vector<std::shared_ptr<Task>> tasks;
        for (std::uint64_t i = 0; i < 4; ++i)
            tasks.push_back(f.engine->submit(greedy(random_tokens(i, 20), 10)));
        f.run(*tasks[3]);
        for (const auto& task : tasks) CHECK(code_of(*task) == ErrorCode::device_failed);
        CHECK(f.model->steps == 2);
        CHECK_FALSE(f.engine->step());
        try {
            f.engine->submit(greedy({1}, 1));
            FAIL("a dead engine took a request");
        } catch (const Error& error) { CHECK(error.code() == ErrorCode::device_failed); }
        CHECK(f.model->parked() == 0);
        CHECK(f.model->all_pages_free());
    }
}

}  // namespace lamina::engine::test
