// Opening a model by its path: recognising the format, mapping or reading, models in several parts. The input
// is a byte of choices and up to four files of two bytes of length each.
#include <sys/stat.h>

#include <array>

#include "format/model_file.hpp"
#include "fuzz/harness.hpp"
#include "support/temporary_directory.hpp"

namespace lamina::fuzz {
namespace {

constexpr std::array<const char*, 4> names = {"m-00001-of-00003.gguf", "m-00002-of-00003.gguf",
                                              "m-00003-of-00003.gguf", "m.gguf"};

const test::TemporaryDirectory& directory() {
    static const test::TemporaryDirectory instance;
    return instance;
}

void touch(const format::ModelFile& model) {
    for (const auto& tensor : model.tensors) {
        require(tensor.file < model.files.size(), "a tensor names its file");
        const auto bytes = model.files[tensor.file].bytes->bytes();
        require(tensor.offset + tensor.bytes.size() <= bytes.size(), "a tensor lies in its file");
        model.files[tensor.file].bytes->populate(tensor.offset, tensor.bytes.size());
        volatile std::byte sink = tensor.bytes.front();
        sink = tensor.bytes.back();
        (void)sink;
        model.files[tensor.file].bytes->release(tensor.offset, tensor.bytes.size());
    }
}

void open(Fields& input) {
    const auto choice = input.byte();
    for (const char* name : names) {
        const std::size_t length = input.byte() + std::size_t{256} * input.byte();
        const auto contents = input.text(length);
        if (contents.empty())
            ::unlink((directory() / name).c_str());
        else
            directory().file(name, contents);
    }
    const auto access = choice & 4 ? FileAccess::read : FileAccess::map;
    accepted([&] { touch(format::open_model(directory() / names[choice & 3], access)); });
}

}  // namespace
}  // namespace lamina::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    lamina::fuzz::Fields input(data, size);
    lamina::fuzz::open(input);
    return 0;
}
