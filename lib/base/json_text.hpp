// Text as a JSON string (RFC 8259).
#pragma once

#include <string>
#include <string_view>

namespace lamina {

// Appends the text in quotes, escaped where it must be. False, with part of it appended, where it is no
// UTF-8.
bool append_json(std::string& out, std::string_view text);

// The text as a JSON string, U+FFFD for each byte that is no UTF-8.
std::string json_text(std::string_view text);

}  // namespace lamina
