// The GGUF reader on a file in memory, and everything that a ModelFile answers about it.
#include <array>

#include "format/gguf/gguf.hpp"
#include "fuzz/harness.hpp"

namespace lamina::fuzz {
namespace {

using format::ModelFile;

// Every typed access to a value: right for one type, an error for the others.
void read_value(const ModelFile& model, std::string_view key, std::size_t choice) {
    using Access = void (*)(const ModelFile&, std::string_view);
    static constexpr std::array<Access, 10> accesses = {
        [](const ModelFile& m, std::string_view k) { m.integer(k, 1, 1000); },
        [](const ModelFile& m, std::string_view k) { m.real(k, 0.0, 1e6); },
        [](const ModelFile& m, std::string_view k) { m.boolean(k); },
        [](const ModelFile& m, std::string_view k) { m.string(k); },
        [](const ModelFile& m, std::string_view k) { m.strings(k); },
        [](const ModelFile& m, std::string_view k) { m.integers(k); },
        [](const ModelFile& m, std::string_view k) { m.reals(k); },
        [](const ModelFile& m, std::string_view k) { m.need_integer(k, 1, 1000); },
        [](const ModelFile& m, std::string_view k) { m.need_real(k, 0.0, 1e6); },
        [](const ModelFile& m, std::string_view k) { m.need_string(k); },
    };
    accepted([&] { accesses[choice % accesses.size()](model, key); });
}

void check_tensor(const ModelFile& model, const format::Tensor& tensor) {
    require(model.find(tensor.name) == &tensor, "a tensor is found by its name");
    require(!tensor.bytes.empty(), "a tensor has bytes");
    require(dtype_from_name(info(tensor.type).name) == tensor.type, "a type is found by its name");
    require(tensor.rows() * row_bytes(tensor.type, tensor.columns()) == tensor.bytes.size(),
            "a tensor has the bytes of its shape");
    volatile std::byte sink = tensor.bytes.front();
    sink = tensor.bytes.back();
    (void)sink;
}

void check(const ModelFile& model, std::size_t choice) {
    for (const auto& tensor : model.tensors) check_tensor(model, tensor);
    require(model.find("no tensor has this name") == nullptr, "a name that is not there is not found");
    for (const auto& [key, value] : model.metadata) read_value(model, key, choice++);
    read_value(model, "no key has this name", choice);
}

}  // namespace
}  // namespace lamina::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lamina;
    fuzz::accepted([&] {
        fuzz::check(format::gguf::read_file({"fuzz.gguf", fuzz::input_file(data, size)}), size);
    });
    return 0;
}
