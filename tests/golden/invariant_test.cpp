// Logits of a sequence are the same bits alone and in company, whatever the chunks of its prompt.
#include <catch2/catch.hpp>

#include "golden/quantized_file.hpp"
#include "golden/tiny_case.hpp"
#include "support/isa.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina;

namespace {

using Logits = std::vector<float>;  // [length, vocabulary]

// Of the reference's first row, fed `chunk` tokens at a time, each time beside a token of every companion.
Logits in_company(const Model& model, const test::TinyReference& reference, std::size_t chunk,
                  std::uint32_t companions) {
    Session session(model);
    const auto tokens = reference.row(0);
    const auto own = session.open();
    std::vector<SequenceId> others;
    for (std::uint32_t i = 0; i < companions; ++i) others.push_back(session.open());
    Logits out;
    for (std::size_t first = 0; first < tokens.size(); first += chunk) {
        std::vector<SequenceTokens> items;
        // Half of the others come first, so that the rows move.
        for (std::uint32_t i = 0; i < companions; ++i) {
            if (i == companions / 2) items.push_back({own, {}, WantedLogits::all});
            items.push_back(
                {others[i], tokens.subspan((first + i + 1) % tokens.size(), 1), WantedLogits::last});
        }
        if (companions < 1) items.push_back({own, {}, WantedLogits::all});
        const std::size_t at = companions / 2;
        items[at].tokens = tokens.subspan(first, std::min(chunk, tokens.size() - first));
        session.forward(items, [&](std::size_t item, std::size_t, std::span<const float> logits) {
            if (item == at) out.insert(out.end(), logits.begin(), logits.end());
        });
    }
    return out;
}

void check_alone_and_together(const std::string& path, const test::TinyReference& reference) {
    for (const int threads : {1, 2}) {
        const auto model =
            Model::load(path, {.sequences = 64, .backend = "cpu", .threads = threads, .invariant = true});
        const Logits alone = in_company(model, reference, reference.length, 0);
        REQUIRE(alone.size() == reference.length * reference.vocabulary);
        struct Company {
            std::size_t chunk;
            std::uint32_t companions;
        };
        for (const auto& [chunk, companions] :
             {Company{1, 0}, {5, 0}, {7, 1}, {1, 1}, {3, 7}, {1, 7}, {1, 63}}) {
            CAPTURE(threads, chunk, companions);
            CHECK(in_company(model, reference, chunk, companions) == alone);
        }
    }
}

}  // namespace

TEST_CASE("invariant mode: alone, among 2, 8 and 64 rows and in any chunks, the same bits") {
    const test::TemporaryDirectory directory;
    for (const auto& name : test::tiny_models) {
        const test::TinyReference reference(name);
        const auto quantized = directory / (name + ".gguf");
        test::write_quantized(test::tiny_folder + name + ".gguf", DType::q4_0, quantized);
        for (const auto& isa : test::isas()) {
            if (isa == "scalar" && name != "llama") continue;  // the same code as the others, slower
            const test::ForcedIsa forced(isa);
            for (const auto& path : {test::tiny_folder + name + ".gguf", quantized}) {
                CAPTURE(path, isa);
                check_alone_and_together(path, reference);
            }
        }
    }
}

TEST_CASE("invariant mode: matrices of f32 and bf16 too") {
    const test::TemporaryDirectory directory;
    const test::TinyReference reference("llama");
    for (const DType type : {DType::f32, DType::bf16}) {
        const auto path = directory / "llama.gguf";
        test::write_quantized(test::tiny_folder + "llama.gguf", type, path);
        for (const auto& isa : test::isas()) {
            const test::ForcedIsa forced(isa);
            CAPTURE(info(type).name, isa);
            check_alone_and_together(path, reference);
        }
    }
}
