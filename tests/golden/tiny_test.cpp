// Tiny random models against float32 logits of an independent implementation.
#include <catch2/catch.hpp>
#include <cmath>

#include "lamina/lamina.hpp"
#include "support/isa.hpp"

using namespace lamina;

namespace {

const std::string data = LAMINA_TEST_DATA "/tiny/";

// ||logits - reference|| / ||reference|| over all positions of all rows, each fed as one sequence, all in one
// batch.
double error(const std::string& name, const ModelOptions& options) {
    const auto reference = TensorFile::read(data + name + ".ref.safetensors");
    const auto tokens = reference.i32("tokens");
    const auto want = reference.f32("logits");
    const auto rows = reference.shape("tokens")[0], length = reference.shape("tokens")[1];
    auto with = options;
    with.sequences = static_cast<std::uint32_t>(rows);
    const auto model = Model::load(data + name + ".gguf", with);
    Session session(model);
    std::vector<SequenceTokens> items;
    for (std::uint64_t r = 0; r < rows; ++r) {
        items.push_back({session.open(), std::span(tokens).subspan(r * length, length), WantedLogits::all});
    }
    double difference = 0, size = 0;
    std::uint64_t seen = 0;
    session.forward(items, [&](std::size_t item, std::size_t token, std::span<const float> logits) {
        const float* row = want.data() + (item * length + token) * logits.size();
        for (std::size_t i = 0; i < logits.size(); ++i) {
            difference += std::pow(static_cast<double>(logits[i]) - static_cast<double>(row[i]), 2);
            size += std::pow(static_cast<double>(row[i]), 2);
            ++seen;
        }
    });
    REQUIRE(seen == want.size());
    return std::sqrt(difference / size);
}

const std::vector<std::string> models{"llama", "llama31", "mistral", "gemma3"};

}  // namespace

TEST_CASE("tiny references on reference: 1e-4 over all positions") {
    for (const auto& name : models) {
        CAPTURE(name);
        CHECK(error(name, {.backend = "reference"}) <= 1e-4);
    }
}

TEST_CASE("tiny references on cpu: 1e-3 on each ISA that the machine has") {
    for (const auto& isa : test::isas()) {
        const test::ForcedIsa forced(isa);
        for (const auto& name : models) {
            CAPTURE(name, isa);
            CHECK(error(name, {.backend = "cpu"}) <= 1e-3);
            CHECK(error(name, {.batch_tokens = 7, .backend = "cpu"}) <= 1e-3);
        }
    }
}
