// safetensors: the reader on memory, and TensorFile by way of a path, written again and compared.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "format/safetensors/safetensors.hpp"
#include "fuzz/harness.hpp"
#include "fuzz/json_mutator.hpp"
#include "lamina/tensor_file.hpp"

namespace lamina::fuzz {
namespace {

// A file without a disk.
class Scratch {
  public:
    Scratch() : fd_(::memfd_create("fuzz", 0)), path_("/proc/self/fd/" + std::to_string(fd_)) {
        require(fd_ >= 0, "memory for a file");
    }
    const std::string& path() const { return path_; }
    void fill(std::span<const std::byte> bytes) const {
        require(::ftruncate(fd_, static_cast<off_t>(bytes.size())) == 0, "a file can be resized");
        require(::pwrite(fd_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()),
                "a file can be written");
    }

  private:
    int fd_;
    std::string path_;
};

void touch(const format::safetensors::Contents& contents) {
    std::size_t bytes = 0;
    for (const auto& tensor : contents.tensors) {
        bytes += tensor.bytes.size();
        format::safetensors::dtype_of(tensor.type);
        if (tensor.bytes.empty()) continue;
        volatile std::byte sink = tensor.bytes.front();
        sink = tensor.bytes.back();
        (void)sink;
    }
    require(bytes <= contents.bytes->bytes().size(), "tensors have bytes of their own");
}

// Every typed access: right for one dtype, an error for the others.
void read_values(const TensorFile& file, const std::string& name) {
    const auto bytes = file.bytes(name).size();
    const auto same = [&](std::size_t found) {
        require(found == bytes, "values have the bytes of the tensor");
    };
    accepted([&] { same(4 * file.f32(name).size()); });
    accepted([&] { same(4 * file.i32(name).size()); });
    accepted([&] { same(8 * file.i64(name).size()); });
    accepted([&] { same(file.u8(name).size()); });
    accepted([&] { same(2 * file.f16(name).size()); });
    accepted([&] { same(2 * file.bf16(name).size()); });
}

// A tensor by its values instead of its bytes.
void add_copy(const TensorFile& file, const std::string& name, TensorFile& out) {
    const auto& dtype = file.dtype(name);
    if (dtype == "F32") out.add_f32(name, file.shape(name), file.f32(name));
    if (dtype == "I32") out.add_i32(name, file.shape(name), file.i32(name));
    if (dtype == "I64") out.add_i64(name, file.shape(name), file.i64(name));
    if (dtype == "U8") out.add_u8(name, file.shape(name), file.u8(name));
    if (dtype == "F16") out.add_f16(name, file.shape(name), file.f16(name));
    if (dtype == "BF16") out.add_bf16(name, file.shape(name), file.bf16(name));
}

void copy(const TensorFile& file) {
    TensorFile out;
    for (const auto& name : file.names()) {
        if (!accepted([&] { add_copy(file, name, out); }) || !out.has(name)) continue;
        const auto a = file.bytes(name), b = out.bytes(name);
        require(std::equal(a.begin(), a.end(), b.begin(), b.end()), "values survive copying");
        require(!accepted([&] { add_copy(file, name, out); }), "a name is taken once");
    }
}

// What was read can be written, and is then the same.
void round_trip(const TensorFile& file, const std::string& path) {
    if (!accepted([&] { file.write(path); })) return;  // names that are not stored: empty ones
    const auto again = TensorFile::read(path);
    require(again.metadata == file.metadata, "metadata survive writing");
    require(again.names().size() == file.names().size(), "tensors survive writing");
    for (const auto& name : file.names()) {
        require(again.dtype(name) == file.dtype(name) && again.shape(name) == file.shape(name),
                "dtype and shape survive writing");
        const auto a = file.bytes(name), b = again.bytes(name);
        require(std::equal(a.begin(), a.end(), b.begin(), b.end()), "values survive writing");
    }
}

}  // namespace
}  // namespace lamina::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lamina;
    static const fuzz::Scratch input, output;
    const bool good = fuzz::accepted(
        [&] { fuzz::touch(format::safetensors::read("fuzz.safetensors", fuzz::input_file(data, size))); });
    // Through the file system only what has a chance: opening costs more than parsing.
    if (!good && size % 16 != 0) return 0;
    input.fill(fuzz::as_bytes(data, size));
    fuzz::accepted([&] {
        const auto file = TensorFile::read(input.path());
        fuzz::require(good, "a TensorFile is what the reader accepts");
        fuzz::accepted([&] { file.shape("no tensor has this name"); });
        if (!file.names().empty()) fuzz::read_values(file, file.names()[size % file.names().size()]);
        fuzz::copy(file);
        fuzz::round_trip(file, output.path());
    });
    return 0;
}

// Eight bytes of length, the header's JSON, data.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
    std::uint64_t length = 0;
    if (size > 8) std::copy_n(data, 8, reinterpret_cast<std::uint8_t*>(&length));
    if (seed % 4 == 0 || size <= 8 || length > size - 8) return LLVMFuzzerMutate(data, size, max_size);
    const std::string tail(data + 8 + length, data + size);
    const auto header = lamina::fuzz::mutate_json(
        lamina::fuzz::as_text({reinterpret_cast<std::byte*>(data) + 8, length}), max_size - 8, seed);
    if (header.size() + 8 + tail.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
    length = header.size();
    std::copy_n(reinterpret_cast<const std::uint8_t*>(&length), 8, data);
    std::copy(header.begin(), header.end(), data + 8);
    std::copy(tail.begin(), tail.end(), data + 8 + header.size());
    return 8 + header.size() + tail.size();
}
