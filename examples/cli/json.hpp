// JSON that the tool is given: text that may hold anything.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace lamina::cli {

// Throws Error bad_file naming `what` and the first byte that is no UTF-8.
void require_utf8(std::string_view text, const std::string& what);

// The document in `text`; `name` is what errors call it. Members keep their order, which templates show.
// Throws Error bad_file: bytes that are no UTF-8, an error with its line and column, nesting of more than 128
// levels.
nlohmann::ordered_json parse_json(std::string_view text, const std::string& name);

// The same for an array of strings, and for an array of objects.
std::vector<std::string> parse_texts(std::string_view text, const std::string& name);
nlohmann::ordered_json parse_cases(std::string_view text, const std::string& name);

}  // namespace lamina::cli
