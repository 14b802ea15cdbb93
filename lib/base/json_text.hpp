// Text as a JSON string (RFC 8259).
#pragma once

#include <string>
#include <string_view>

namespace lamina {

// Appends the text in quotes, escaped where it must be. False, with part of it appended, where it is no
// UTF-8.
bool append_json(std::string& out, std::string_view text);

}  // namespace lamina
