// usage: fuzz_seeds FOLDER      writes FOLDER/HARNESS/... for every harness
#include "fuzz/seeds.hpp"

#include <cstdio>
#include <exception>
#include <fstream>
#include <stdexcept>

namespace lamina::fuzz {

SeedFolder::SeedFolder(const std::filesystem::path& root, const std::string& harness)
    : path_(root / harness) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
}

void SeedFolder::add(std::string_view name, std::string_view bytes) {
    char number[16];
    std::snprintf(number, sizeof(number), "%03d-", count_++);
    write_file(path_ / (number + std::string(name)), bytes);
}

void SeedFolder::add(std::string_view name, const std::vector<std::byte>& bytes) {
    add(name, std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void write_file(const std::filesystem::path& path, std::string_view contents) {
    std::ofstream out(path, std::ios::binary);
    out.write(contents.data(), static_cast<std::streamsize>(contents.size()));
    if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace lamina::fuzz

int main(int argc, char** argv) {
    using namespace lamina::fuzz;
    if (argc != 2) {
        std::fputs("usage: fuzz_seeds FOLDER\n", stderr);
        return 2;
    }
    try {
        const std::filesystem::path root = argv[1];
        write_gguf_seeds(root);
        write_model_seeds(root);
        write_tensor_file_seeds(root);
        write_tokenizer_seeds(root);
        write_template_seeds(root);
        write_json_seeds(root);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "fuzz_seeds: %s\n", error.what());
        return 1;
    }
    return 0;
}
