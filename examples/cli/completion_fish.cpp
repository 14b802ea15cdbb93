#include <fmt/core.h>
#include <fmt/ranges.h>

#include "completion.hpp"

namespace lamina::cli {
namespace {

std::string in_quotes(std::string_view text) { return "'" + escape_each(text, "'\\", "\\") + "'"; }

// What completes a value: -x needs one and offers no files, -r -F needs one and offers files.
std::string value_flags(const OptionText& option) {
    switch (option.kind) {
        case ValueKind::none: return "";
        case ValueKind::choice:
            return fmt::format(" -x -a {}", in_quotes(fmt::format("{}", fmt::join(option.choices, " "))));
        case ValueKind::file: return " -r -F";
        case ValueKind::model: return " -x -a '(__fish_complete_suffix .gguf)'";
        default: return " -x";
    }
}

std::string option_line(const OptionText& option, const std::string& condition) {
    std::string out = "complete -c lamina -n " + in_quotes(condition);
    for (const std::string& name : option.names)
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
    return out + value_flags(option) + " -d " + in_quotes(option.help) + "\n";
}

std::string argument_line(const OptionText& argument, const std::string& condition) {
    const std::string flags = argument.kind == ValueKind::file ? " -F" : value_flags(argument);
    return "complete -c lamina -n " + in_quotes(condition) + flags + "\n";
}

}  // namespace

std::string fish_completion(const CommandText& tool) {
    std::string out = "# fish completion for lamina\ncomplete -c lamina -f\n";
    for (const OptionText& option : all_options(tool)) out += option_line(option, "__fish_use_subcommand");
    for (const CommandText& command : tool.commands) {
        out += fmt::format("complete -c lamina -n __fish_use_subcommand -a {} -d {}\n", command.name,
                           in_quotes(command.summary));
    }
    for (const CommandText& command : tool.commands) {
        const std::string condition = "__fish_seen_subcommand_from " + command.name;
        for (const OptionText& option : all_options(command)) out += option_line(option, condition);
        // Once: the rule holds for each argument, and all of a command's are of one kind.
        if (!command.arguments.empty()) out += argument_line(command.arguments.front(), condition);
    }
    return out;
}

}  // namespace lamina::cli
