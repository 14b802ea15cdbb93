// Writes the corpora that the harnesses begin with, from the test data and from small files made here.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lamina::fuzz {

// The folder of one harness; seeds are numbered, with a word on what they are.
class SeedFolder {
  public:
    SeedFolder(const std::filesystem::path& root, const std::string& harness);
    void add(std::string_view name, std::string_view bytes);
    void add(std::string_view name, const std::vector<std::byte>& bytes);

  private:
    std::filesystem::path path_;
    int count_ = 0;
};

void write_file(const std::filesystem::path& path, std::string_view contents);

void write_gguf_seeds(
    const std::filesystem::path& root);  // gguf, gguf_parts and the dictionary of both and of model
void write_model_seeds(const std::filesystem::path& root);
void write_tensor_file_seeds(const std::filesystem::path& root);
void write_tokenizer_seeds(const std::filesystem::path& root);  // tokenizer, pretokenizer
void write_template_seeds(const std::filesystem::path& root);   // template, messages
void write_json_seeds(const std::filesystem::path& root);

}  // namespace lamina::fuzz
