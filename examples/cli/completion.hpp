// Shell completion, from the description of the tool.
#pragma once

#include <string>

#include "description.hpp"

namespace lamina::cli {

std::string bash_completion(const CommandText& tool);
std::string zsh_completion(const CommandText& tool);
std::string fish_completion(const CommandText& tool);

// Every option of a command, of all groups.
std::vector<OptionText> all_options(const CommandText& command);

// `text` with `escape` before each of the characters.
std::string escape_each(std::string_view text, std::string_view characters, std::string_view escape);

}  // namespace lamina::cli
