#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "sample/logprobs.hpp"
#include "sample/sampler.hpp"
#include "support/random.hpp"

namespace {
std::atomic<std::uint64_t> allocations{0};
}

// The whole program's allocations are counted.
void* operator new(std::size_t size) {
    ++allocations;
    if (void* p = std::malloc(size > 0 ? size : 1)) return p;
    throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    ++allocations;
    return std::malloc(size > 0 ? size : 1);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace lamina::sample {

TEST_CASE("a steady step allocates nothing") {
    const std::uint32_t vocabulary = 5000;
    test::Random random(61);
    const auto logits = random.normals(vocabulary, 3.0f);
    std::vector<TokenId> history(5000);
    for (auto& token : history) token = static_cast<TokenId>(random.below(vocabulary));
    for (int kind = 0; kind < 4; ++kind) {
        SamplingParams params;
        params.frequency_penalty = 0.5f;
        params.logit_bias = {{1, 2.0f}};
        if (kind > 0) params.top_k = 0;
        if (kind > 1) params.min_p = 0;
        if (kind > 2) params.top_p = 1;
        Sampler sampler(params, vocabulary);
        LogProbabilities logprobs;
        std::vector<TokenLogprob> out;
        auto row = logits;
        const auto step = [&](std::size_t length) {
            const TokenId token = sampler.next(row, std::span<const TokenId>(history).first(length));
            logprobs.compute(row, token, 20, out);
        };
        for (std::size_t length = 4000; length < 4200; ++length) step(length);
        const auto before = allocations.load();
        for (std::size_t length = 4200; length < 4400; ++length) step(length);
        CHECK(allocations.load() == before);
    }
}

}  // namespace lamina::sample
