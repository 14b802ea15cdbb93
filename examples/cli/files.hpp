// Files that the tool is given besides models.
#pragma once

#include <string>
#include <vector>

#include "json.hpp"
#include "lamina/chat.hpp"

namespace lamina::cli {

// The whole file, "-" is standard input. Throws Error io.
std::string read_file(const std::string& path);

// read_file and require_utf8.
std::string read_text(const std::string& path);

// read_file and parse_texts, parse_cases.
std::vector<std::string> read_texts(const std::string& path);
nlohmann::ordered_json read_cases(const std::string& path);

// Writes a file; one that exists is overwritten only if asked to. Throws Error io.
enum class Overwrite { no, yes };
void write_text(const std::string& path, const std::string& text, Overwrite overwrite);

// A template file; its errors name it.
ChatTemplate read_template(const std::string& path);

}  // namespace lamina::cli
