// What to say about a command line that is wrong.
#pragma once

#include <string>

#include "cli11.hpp"

namespace lamina::cli {

// "lamina", "lamina chat": who speaks.
std::string name_of(const CLI::App& tool);

// One sentence on what was wrong, with what may have been meant and where help is.
std::string explain(const CLI::App& tool, const CLI::ParseError& error);

}  // namespace lamina::cli
