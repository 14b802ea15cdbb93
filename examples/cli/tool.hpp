// The whole command line of the tool.
#pragma once

#include "commands.hpp"

namespace lamina::cli {

// Describes every subcommand to CLI11. `tool` and `action` must outlive the parsing and the action.
void describe_tool(CLI::App& tool, Action& action);

}  // namespace lamina::cli
