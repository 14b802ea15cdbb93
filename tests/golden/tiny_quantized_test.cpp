// The tiny models with their matrices quantized here: what quantized kernels make of every architecture,
// against `reference` on the same file.
#include <catch2/catch.hpp>

#include <algorithm>

#include "format/model_file.hpp"
#include "golden/quantized_file.hpp"
#include "golden/tiny_case.hpp"
#include "support/isa.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina;

// 8-bit activations of models this small change the logits by 1 to 3 %; routers then choose other experts, so
// only models without any are compared.
TEST_CASE("quantized tiny models: the kernels of 8-bit activations meet every architecture too") {
    const test::TemporaryDirectory directory;
    for (const auto& name : test::tiny_models) {
        const test::TinyReference reference(name);
        const auto path = directory / (name + ".gguf");
        test::write_quantized(test::tiny_folder + name + ".gguf", DType::q8_0, path);
        if (format::open_model(path, FileAccess::map).find("blk.1.ffn_gate_inp.weight") != nullptr) continue;
        const auto expected = test::tiny_logits(path, reference, {.backend = "reference"});
        for (const auto& isa : test::isas()) {
            const test::ForcedIsa forced(isa);
            const auto got =
                test::tiny_logits(path, reference, {.backend = "cpu", .compute = ComputeType::bf16});
            CAPTURE(name, isa);
            CHECK(test::distance(got, expected) <= 4e-2);
            CHECK(test::distance(got, expected) >= 1e-3);
        }
    }
}

TEST_CASE("quantized tiny models: cpu against reference on the same file within 3e-2") {
    const test::TemporaryDirectory directory;
    for (const auto& name : test::tiny_models) {
        const test::TinyReference reference(name);
        for (const DType type : {DType::q8_0, DType::q4_0, DType::mxfp4}) {
            const auto path = directory / (name + ".gguf");
            test::write_quantized(test::tiny_folder + name + ".gguf", type, path);
            const auto expected = test::tiny_logits(path, reference, {.backend = "reference"});
            for (const auto& isa : test::isas()) {
                const test::ForcedIsa forced(isa);
                const auto got = test::tiny_logits(path, reference, {.backend = "cpu"});
                CAPTURE(name, info(type).name, isa);
                CHECK(test::distance(got, expected) <= 3e-2);
                if (type != DType::q4_0) continue;
                // Panels made when they are multiplied are the panels made at load.
                CHECK(test::tiny_logits(path, reference, {.backend = "cpu", .repack = false}) == got);
            }
        }
    }
}
