// Files that the tool is given besides models.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "lamina/chat.hpp"

namespace lamina::cli {

// The whole file, "-" is standard input. Throws Error io.
std::string read_file(const std::string& path);

// Throws Error bad_file naming `what` and the first byte that is no UTF-8.
void require_utf8(std::string_view text, const std::string& what);

// read_file and require_utf8.
std::string read_text(const std::string& path);

// Members keep the order of the file, which templates show. Throws Error bad_file with line and column;
// nesting is limited to 128 levels.
nlohmann::ordered_json read_json(const std::string& path);

// A template file; its errors name it.
ChatTemplate read_template(const std::string& path);

}  // namespace lamina::cli
