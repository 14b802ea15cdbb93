// The tiny models with their matrices quantized here: what quantized kernels make of every architecture,
// against `reference` on the same file.
#include <catch2/catch.hpp>

#include <algorithm>

#include "format/model_file.hpp"
#include "golden/tiny_case.hpp"
#include "quant/decode.hpp"
#include "support/gguf_writer.hpp"
#include "support/isa.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina;

namespace {

void copy_metadata(const format::ModelFile& from, test::GgufWriter& to) {
    for (const auto& [key, value] : from.metadata)
        std::visit([&, &name = key](const auto& v) { to.set(name, v); }, value);
}

// Matrices become `type`; vectors and the routers of experts stay as they are, as in published files.
void write_quantized(const std::string& from, DType type, const std::string& to) {
    const auto file = format::open_model(from, FileAccess::map);
    test::GgufWriter writer;
    copy_metadata(file, writer);
    for (const auto& tensor : file.tensors) {
        test::Bytes bytes(tensor.bytes.begin(), tensor.bytes.end());
        DType as = tensor.type;
        if (tensor.type == DType::f16 && tensor.shape.size() > 1 && tensor.columns() % 32 == 0) {
            std::vector<float> values(tensor.elements());
            quant::decode(tensor.type, tensor.bytes.data(), values.size(), values.data());
            bytes.assign(row_bytes(type, values.size()), std::byte{});
            quant::encode(type, values.data(), values.size(), bytes.data());
            as = type;
        }
        writer.tensor(tensor.name, as, tensor.shape, std::move(bytes));
    }
    writer.write(to);
}

}  // namespace

// 8-bit activations of models this small change the logits by 1 to 3 %; routers then choose other experts, so
// only models without any are compared.
TEST_CASE("quantized tiny models: the kernels of 8-bit activations meet every architecture too") {
    const test::TemporaryDirectory directory;
    for (const auto& name : test::tiny_models) {
        const test::TinyReference reference(name);
        const auto path = directory / (name + ".gguf");
        write_quantized(test::tiny_folder + name + ".gguf", DType::q8_0, path);
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
            write_quantized(test::tiny_folder + name + ".gguf", type, path);
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
