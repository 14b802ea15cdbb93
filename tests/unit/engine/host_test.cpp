// What a host lends: threads, memory, a log. And what it does to a model from several threads at once.
#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include "support/expect_error.hpp"
#include "support/threads.hpp"
#include "text_model.hpp"

namespace lamina::engine::test {
namespace {

using lamina::test::expect_error;
using lamina::test::threads_down_to;
using lamina::test::threads_of_this_process;

Model load_on_cpu(ModelOptions options) {
    options.backend = "cpu";
    return TextModel::load(std::move(options));
}

// Blocks handed out and taken back.
struct Memory {
    std::mutex lock;
    std::map<void*, std::uint64_t> blocks;
    std::uint64_t taken = 0;
    std::uint64_t limit = UINT64_MAX;  // of `taken`

    HostAllocator allocator() {
        return {.allocate = [this](std::uint64_t bytes, std::uint64_t alignment) -> void* {
                    const std::lock_guard guard(lock);
                    if (taken + bytes > limit) return nullptr;
                    taken += bytes;
                    void* data =
                        std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
                    std::memset(data, 0xAB, bytes);
                    blocks[data] = bytes;
                    return data;
                },
                .release =
                    [this](void* data, std::uint64_t bytes, std::uint64_t) {
                        const std::lock_guard guard(lock);
                        CHECK(blocks[data] == bytes);
                        blocks.erase(data);
                        std::free(data);
                    }};
    }
};

}  // namespace

TEST_CASE("install and embed: a model on the host's threads gives the same logits and starts none") {
    const auto own = logits_of(load_on_cpu({.threads = 3}));
    const auto before = threads_of_this_process();
    std::atomic<int> calls = 0;
    std::ptrdiff_t most = before;
    const Model model =
        load_on_cpu({.threads = 3, .host_threads = [&](int count, const std::function<void(int)>& body) {
                         ++calls;
                         most = std::max(most, threads_down_to(before));
                         std::vector<std::thread> threads;
                         for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
                         for (auto& thread : threads) thread.join();
                     }});
    CHECK(logits_of(model) == own);
    CHECK(calls > 0);
    CHECK(most == before);
    CHECK(threads_down_to(before) == before);
}

TEST_CASE("install and embed: own threads start with the first computation and end with the model") {
    const auto before = threads_of_this_process();
    {
        const Model model = load_on_cpu({.threads = 4});
        logits_of(model);
        CHECK(threads_of_this_process() == before + 3);
    }
    CHECK(threads_down_to(before) == before);
}

TEST_CASE("install and embed: all planned memory comes from the host's allocator and goes back to it") {
    const auto own = logits_of(load_on_cpu({.threads = 2}));
    Memory memory;
    {
        const Model model = load_on_cpu({.threads = 2, .allocator = memory.allocator()});
        CHECK(memory.taken == model.plan().total_bytes());
        CHECK(logits_of(model) == own);
        CHECK(memory.taken == model.plan().total_bytes());
    }
    CHECK(memory.blocks.empty());
}

TEST_CASE("install and embed: an allocator that has nothing gives out_of_memory, and all is given back") {
    Memory plenty;
    load_on_cpu({.threads = 2, .allocator = plenty.allocator()});
    for (const std::uint64_t part : {0, 1, 2, 3}) {
        Memory memory;
        memory.limit = plenty.taken * part / 4;
        expect_error(ErrorCode::out_of_memory, {"bytes of memory"},
                     [&] { load_on_cpu({.threads = 2, .allocator = memory.allocator()}); });
        CHECK(memory.blocks.empty());
    }
}

TEST_CASE("install and embed: half an allocator is refused") {
    expect_error(ErrorCode::invalid_argument, {"allocator", "both"}, [] {
        load_on_cpu({.allocator = {.allocate = [](std::uint64_t, std::uint64_t) -> void* { return nullptr; },
                                   .release = {}}});
    });
}

TEST_CASE("install and embed: the log callback hears what was planned") {
    std::vector<std::string> lines;
    const Model model = load_on_cpu({.log = [&](LogLevel level, std::string_view line) {
        if (level == LogLevel::info) lines.emplace_back(line);
    }});
    REQUIRE(lines.size() == 1);
    CHECK(lines[0] == model.plan().reason);
}

TEST_CASE("sanitizers: load, generate and cancel from other threads") {
    std::atomic<int> cancelled = 0, finished = 0;
    const auto load_and_generate = [&](std::uint64_t seed) {
        Engine engine(load_on_cpu({.sequences = 2, .threads = 2}));
        for (std::uint64_t round = 0; round < 8; ++round) {
            auto answer = engine.submit({.prompt = "hello",
                                         .max_tokens = 24,
                                         .sampling = {.seed = seed + round},
                                         .ignore_end = true});
            std::thread canceller([answer, round]() mutable {
                for (std::uint64_t i = 0; i < round; ++i) std::this_thread::yield();
                if (round % 2 == 0) answer.cancel();
            });
            std::thread reader([answer]() mutable {
                Piece piece;
                while (answer.next(piece)) {}
            });
            answer.wait();
            canceller.join();
            reader.join();
            ++(answer.finish_reason() == FinishReason::cancelled ? cancelled : finished);
        }
    };
    std::thread other(load_and_generate, 100);
    load_and_generate(200);
    other.join();
    CHECK(cancelled + finished == 16);
    CHECK(finished >= 8);
}

}  // namespace lamina::engine::test
