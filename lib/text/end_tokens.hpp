// Tokens that end generation in every vocabulary that has them, known by name.
#pragma once

#include <string_view>

namespace lamina::text {

bool is_end_name(std::string_view text);

}  // namespace lamina::text
