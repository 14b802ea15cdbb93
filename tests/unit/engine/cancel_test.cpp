#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "fake_forward.hpp"

namespace lamina::engine::test {

TEST_CASE("cancelling a waiting request ends it at once, without a step") {
    Fixture f;
    const auto first = f.engine->submit(greedy(random_tokens(1, 4), 5));
    const auto second = f.engine->submit(greedy(random_tokens(2, 4), 5));
    f.engine->cancel(*second);
    CHECK(second->reason() == FinishReason::cancelled);
    CHECK(f.model->steps == 0);
    f.run(*first);
    CHECK(first->reason() == FinishReason::max_tokens);
    f.engine->cancel(*first);  // harmless
    CHECK(first->reason() == FinishReason::max_tokens);
}

TEST_CASE("cancelling between steps ends prefill and decode at once") {
    for (int steps : {1, 3, 4, 10}) {  // a prompt of 60 takes 4
        Fixture f;
        const auto task = f.engine->submit(greedy(random_tokens(1, 60), 50));
        for (int i = 0; i < steps; ++i) CHECK(f.engine->step());
        f.engine->cancel(*task);
        CHECK(task->reason() == FinishReason::cancelled);
        CHECK(task->tokens().size() == static_cast<std::size_t>(std::max(0, steps - 3)));
        CHECK_FALSE(f.engine->step());
        CHECK(f.conserves_pages());
        CHECK(f.answer(greedy(random_tokens(1, 60), 5)) == expected_greedy(random_tokens(1, 60), 5));
    }
}

TEST_CASE("cancelling from inside a step or another thread ends the answer with that step") {
    for (std::uint64_t at : {0u, 2u, 3u, 7u}) {
        for (bool other_thread : {false, true}) {
            Fixture f;
            std::shared_ptr<Task> task;
            f.model->on_step = [&](std::uint64_t step) {
                if (step != at) return;
                if (!other_thread) return f.engine->cancel(*task);
                std::thread([&] { f.engine->cancel(*task); }).join();
            };
            task = f.engine->submit(greedy(random_tokens(1, 60), 50));
            f.run(*task);
            CHECK(task->reason() == FinishReason::cancelled);
            CHECK(f.model->steps == at + 1);
            CHECK(f.conserves_pages());
        }
    }
}

TEST_CASE("waiting inside a callback is refused instead of waiting for ever") {
    Fixture f;
    std::shared_ptr<Task> task;
    auto request = greedy({1, 2}, 5);
    request.sink = [&](TokenId, auto) {
        CHECK_THROWS_AS(f.run(*task), Error);
        CHECK_THROWS_AS(f.engine->step(), Error);
        return FinishReason::running;
    };
    task = f.engine->submit(request);
    f.run(*task);
    CHECK(task->reason() == FinishReason::max_tokens);
}

TEST_CASE("submitting from a callback queues") {
    Fixture f;
    std::shared_ptr<Task> second;
    auto request = greedy({1, 2}, 3);
    request.sink = [&](TokenId, auto) {
        if (!second) second = f.engine->submit(greedy({3}, 4));
        return FinishReason::running;
    };
    f.answer(request);
    f.run(*second);
    CHECK(second->tokens() == expected_greedy({3}, 4));
}

TEST_CASE("shutting down cancels everything, lets go of the model and refuses more") {
    Fixture f;
    const auto active = f.engine->submit(greedy(random_tokens(1, 40), 50));
    const auto waiting = f.engine->submit(greedy(random_tokens(2, 4), 5));
    f.engine->step();
    const auto users = f.model.use_count();
    f.engine->shutdown();
    CHECK(f.model.use_count() == users - 1);
    CHECK(active->reason() == FinishReason::cancelled);
    CHECK(waiting->reason() == FinishReason::cancelled);
    CHECK_FALSE(f.engine->step());
    f.run(*active);  // returns
    f.engine->cancel(*active);
    CHECK_THROWS_AS(f.engine->submit(greedy({1}, 1)), Error);
    f.engine->shutdown();
    CHECK(f.conserves_pages());
}

TEST_CASE("shutting down inside a callback ends everything with that step") {
    Fixture f;
    auto request = greedy({1, 2}, 50);
    request.sink = [&](TokenId, auto) {
        f.engine->shutdown();
        return FinishReason::running;
    };
    const auto task = f.engine->submit(request);
    const auto waiting = f.engine->submit(greedy({1}, 5));
    f.run(*task);
    CHECK(task->reason() == FinishReason::cancelled);
    CHECK(waiting->reason() == FinishReason::cancelled);
    CHECK(task->tokens().size() == 1);
}

TEST_CASE("shutting down while another thread runs steps waits for its step") {
    Fixture f;
    std::atomic<bool> inside{false};
    auto request = greedy({1, 2}, 1u << 30);
    request.when_full = WhenFull::shift;
    request.sink = [&](TokenId, auto) {
        inside = true;
        std::this_thread::yield();
        inside = false;
        return FinishReason::running;
    };
    const auto task = f.engine->submit(request);
    std::thread runner([&] { f.run(*task); });
    while (task->tokens().size() < 20) std::this_thread::yield();
    f.engine->shutdown();
    CHECK_FALSE(inside);
    runner.join();
    CHECK(task->reason() == FinishReason::cancelled);
}

TEST_CASE("a thousand random cancels from two threads keep every page and every other answer") {
    FakeOptions options;
    options.sequences = 3;
    for (std::uint32_t active : {1u, 3u}) {
        Fixture f(options, 64, active);
        lamina::test::Random random(active);
        for (int round = 0; round < 250; ++round) {
            std::vector<std::shared_ptr<Task>> tasks;
            std::vector<std::vector<TokenId>> prompts;
            for (int i = 0; i < 4; ++i) {
                prompts.push_back(random_tokens(random.below(20), 1 + random.below(60)));
                tasks.push_back(f.engine->submit(
                    greedy(prompts.back(), 1 + static_cast<std::uint32_t>(random.below(12)))));
            }
            const auto victims = random.below(16);
            const auto delay = random.below(400);
            std::thread canceller([&] {
                for (std::uint64_t i = 0; i < delay; ++i) std::this_thread::yield();
                for (std::size_t i = 0; i < 4; ++i) {
                    if ((victims >> i) & 1) f.engine->cancel(*tasks[i]);
                }
            });
            for (const auto& task : tasks) f.run(*task);
            canceller.join();
            for (std::size_t i = 0; i < 4; ++i) {
                const auto tokens = tasks[i]->tokens();
                REQUIRE(tasks[i]->finished());
                REQUIRE(tokens == expected_greedy(prompts[i], tokens.size()));
                if (((victims >> i) & 1) == 0) REQUIRE(tasks[i]->reason() == FinishReason::max_tokens);
            }
            REQUIRE(f.conserves_pages());
        }
    }
}

TEST_CASE("many threads wait, submit and cancel at once") {
    FakeOptions options;
    options.sequences = 2;
    Fixture f(options, 64, 2);
    std::atomic<int> wrong{0}, answered{0};
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            lamina::test::Random random(t);
            for (int i = 0; i < 40; ++i) {
                const auto prompt = random_tokens(random.bits(), 1 + random.below(40));
                const auto task = f.engine->submit(greedy(prompt, 5));
                if (random.below(4) == 0) f.engine->cancel(*task);
                f.engine->wait([&] { return task->finished(); });
                const auto tokens = task->tokens();
                wrong += tokens != expected_greedy(prompt, tokens.size());
                answered += task->reason() == FinishReason::max_tokens;
            }
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(answered > 80);
    CHECK(f.conserves_pages());
}

}  // namespace lamina::engine::test
