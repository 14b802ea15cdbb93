// Real models, fed the reference's own greedy tokens: where the reference is sure of the next one, so is
// lamina.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "lamina/lamina.hpp"
#include "support/isa.hpp"
#include "support/models.hpp"

using namespace lamina;

namespace {

struct Agreement {
    int sure = 0;    // positions whose margin between the two likeliest tokens is above 0.5
    int agreed = 0;  // of those, the argmax is the reference's
};

Agreement agreement(const Model& model, const std::string& reference) {
    std::ifstream in(std::string(LAMINA_TEST_DATA "/real/") + reference);
    Agreement out;
    for (const auto& entry : nlohmann::json::parse(in)) {
        auto tokens = entry["prompt_ids"].get<std::vector<TokenId>>();
        const auto greedy = entry["greedy_ids"].get<std::vector<TokenId>>();
        const auto margin = entry["top2_margin"].get<std::vector<float>>();
        const std::size_t first = tokens.size() - 1;
        tokens.insert(tokens.end(), greedy.begin(), greedy.end() - 1);
        Session session(model);
        const SequenceTokens item{session.open(), tokens, WantedLogits::all};
        session.forward({&item, 1}, [&](std::size_t, std::size_t token, std::span<const float> logits) {
            if (token < first || margin[token - first] <= 0.5f) return;
            ++out.sure;
            out.agreed +=
                std::max_element(logits.begin(), logits.end()) - logits.begin() == greedy[token - first];
        });
    }
    return out;
}

// On each ISA but scalar, or on scalar alone, which takes ten times as long as all the others.
void check(const std::string& file, const std::string& reference, bool scalar) {
    for (const auto& isa : test::isas()) {
        if ((isa == "scalar") != scalar) continue;
        const test::ForcedIsa forced(isa);
        CAPTURE(isa);
        const auto found = agreement(Model::load(test::model_path(file), {.backend = "cpu"}), reference);
        CHECK(found.sure > 50);
        CHECK(found.agreed == found.sure);
    }
}

}  // namespace

TEST_CASE(
    "given the reference's own tokens the argmax is the reference's wherever its margin is above 0.5 "
    "(SmolLM2)") {
    check("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m-instruct-q4_1.greedy.json", false);
}

TEST_CASE(
    "given the reference's own tokens the argmax is the reference's wherever its margin is above 0.5 (Gemma "
    "3)") {
    check("gemma-3-270m-q4_k_m.gguf", "gemma-3-270m-q4_k_m.greedy.json", false);
}

TEST_CASE("the same on scalar (SmolLM2)", "[.scalar]") {
    check("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m-instruct-q4_1.greedy.json", true);
}

TEST_CASE("the same on scalar (Gemma 3)", "[.scalar]") {
    check("gemma-3-270m-q4_k_m.gguf", "gemma-3-270m-q4_k_m.greedy.json", true);
}
