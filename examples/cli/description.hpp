// What was described to CLI11, as plain values: the one source of help, man page and shell completion.
#pragma once

#include <string>
#include <vector>

#include "cli11.hpp"

namespace lamina::cli {

// What stands where an option's value belongs, for shells to complete.
enum class ValueKind { none, text, choice, file, model };

struct OptionText {
    std::vector<std::string> names = {};    // "-p", "--prompt"; of an argument without dashes "MODEL" alone
    std::string value = {};                 // "TEXT", "map|read"; empty: a flag
    ValueKind kind = ValueKind::none;       // of the value
    std::vector<std::string> choices = {};  // where it is one of a few words
    std::string help = {};
    bool positional = false;
    bool required = false;
    bool repeatable = false;
};

struct OptionGroup {
    std::string title = {};
    bool needs_one = false;  // exactly one of them is given
    std::vector<OptionText> options = {};
};

struct CommandText {
    std::string name = {};       // "chat"
    std::string full_name = {};  // "lamina chat"
    std::string summary = {};    // one line
    std::string details = {};    // paragraphs, parted by an empty line; may be empty
    std::string usage = {};      // "lamina chat [OPTIONS] MODEL"
    std::vector<OptionText> arguments = {};
    std::vector<OptionGroup> groups = {};
    std::string examples = {};               // lines as one types them, "# ..." above each
    std::vector<CommandText> commands = {};  // in the order of the help
};

CommandText describe(const CLI::App& command);

// The summary and what more there is to say about a command.
void set_description(CLI::App& command, const std::string& summary, const std::string& details);

// What one may type, in pairs: what it is for, and the line.
struct Example {
    std::string purpose = {};
    std::string line = {};
};
void set_examples(CLI::App& command, const std::vector<Example>& examples);

}  // namespace lamina::cli
