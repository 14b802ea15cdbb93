// The text of --help.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace lamina::cli {

// What CLI11 prints for --help, made from the description alone and as wide as the terminal is.
class HelpFormatter : public CLI::FormatterBase {
  public:
    std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

// lamina help [COMMAND]
std::string help_text(const CLI::App& command);

}  // namespace lamina::cli
