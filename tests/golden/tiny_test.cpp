// Tiny random models of every architecture against float32 logits of an independent implementation.
#include <algorithm>
#include <catch2/catch.hpp>

#include "golden/tiny_case.hpp"
#include "support/isa.hpp"

using namespace lamina;
using test::distance;
using test::tiny_folder;
using test::tiny_logits;
using test::tiny_models;
using test::TinyReference;

TEST_CASE("tiny references on reference: 1e-4 over all positions") {
    for (const auto& name : tiny_models) {
        CAPTURE(name);
        const TinyReference reference(name);
        const auto logits = tiny_logits(tiny_folder + name + ".gguf", reference, {.backend = "reference"});
        CHECK(distance(logits, reference.logits) <= 1e-4);
    }
}

TEST_CASE("tiny references on cpu: 1e-3 on each ISA that the machine has") {
    for (const auto& name : tiny_models) {
        const TinyReference reference(name);
        for (const auto& isa : test::isas()) {
            const test::ForcedIsa forced(isa);
            CAPTURE(name, isa);
            const auto path = tiny_folder + name + ".gguf";
            CHECK(distance(tiny_logits(path, reference, {.backend = "cpu"}), reference.logits) <= 1e-3);
            CHECK(distance(tiny_logits(path, reference, {.batch_tokens = 7, .backend = "cpu"}),
                           reference.logits) <= 1e-3);
        }
    }
}

TEST_CASE("tiny references on cpu with a KV cache of q8_0: 2e-2 on each ISA") {
    for (const auto& name : tiny_models) {
        const TinyReference reference(name);
        const auto path = tiny_folder + name + ".gguf";
        // Where there are routers, rounding makes tokens choose other experts: that moves logits further.
        const auto features = inspect(path).features;
        const bool routed = std::any_of(features.begin(), features.end(),
                                        [](const std::string& f) { return f.find("experts") != f.npos; });
        for (const auto& isa : test::isas()) {
            const test::ForcedIsa forced(isa);
            CAPTURE(name, isa);
            const auto logits = tiny_logits(path, reference, {.backend = "cpu", .cache = CacheType::q8_0});
            CHECK(distance(logits, reference.logits) <= (routed ? 1e-1 : 2e-2));
        }
    }
}

TEST_CASE("decode step by step equals prefill in one go: 1e-4 on reference, beyond the window") {
    for (const auto& name : tiny_models) {
        CAPTURE(name);
        const TinyReference reference(name);
        const auto path = tiny_folder + name + ".gguf";
        const auto whole = tiny_logits(path, reference, {.backend = "reference"});
        CHECK(distance(tiny_logits(path, reference, {.backend = "reference"}, 1), whole) <= 1e-4);
        CHECK(distance(tiny_logits(path, reference, {.backend = "cpu"}, 1), whole) <= 1e-3);
        CHECK(distance(tiny_logits(path, reference, {.backend = "cpu"}, 13), whole) <= 1e-3);
    }
}
