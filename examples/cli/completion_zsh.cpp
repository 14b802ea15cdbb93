#include <fmt/core.h>
#include <fmt/ranges.h>

#include "completion.hpp"

namespace lamina::cli {
namespace {

// For single quotes of the shell.
std::string in_quotes(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

// ":TEXT:action" of _arguments.
std::string value_spec(const OptionText& option) {
    const std::string name = option.positional || option.kind == ValueKind::choice
                                 ? "value"
                                 : escape_each(option.value, ":\\", "\\");
    switch (option.kind) {
        case ValueKind::none: return "";
        case ValueKind::choice: return fmt::format(":{}:({})", name, fmt::join(option.choices, " "));
        case ValueKind::file: return fmt::format(":{}:_files", name);
        case ValueKind::model: return fmt::format(":{}:_files -g \"*.gguf\"", name);
        default: return fmt::format(":{}: ", name);
    }
}

// One spec a name: names of one option exclude each other, --name takes its value after = too.
std::string option_specs(const OptionText& option) {
    std::string out;
    for (const std::string& name : option.names) {
        const bool is_long = name.starts_with("--");
        const bool takes = option.kind != ValueKind::none;
        std::string spec = option.repeatable ? "*" : fmt::format("({})", fmt::join(option.names, " "));
        spec += name + (takes ? (is_long ? "=" : "+") : "");
        spec += "[" + escape_each(option.help, "[]:\\", "\\") + "]" + value_spec(option);
        out += " \\\n        " + in_quotes(spec);
    }
    return out;
}

std::string arguments_call(const CommandText& command) {
    std::string out = "_arguments -s -S";
    for (const OptionText& option : all_options(command)) out += option_specs(option);
    for (const OptionText& argument : command.arguments)
        out += " \\\n        " + in_quotes((argument.required ? ":" : "::") + value_spec(argument).substr(1));
    return out;
}

}  // namespace

std::string zsh_completion(const CommandText& tool) {
    std::string out =
        "#compdef lamina\n# zsh completion for lamina\n_lamina() {\n    local curcontext=$curcontext "
        "state line\n    typeset -A opt_args\n    local -a commands\n    commands=(\n";
    for (const CommandText& command : tool.commands)
        out += "        " + in_quotes(command.name + ":" + escape_each(command.summary, ":\\", "\\")) + "\n";
    out += "    )\n    _arguments -C";
    for (const OptionText& option : all_options(tool)) out += option_specs(option);
    out += " \\\n        '1:command:->command' \\\n        '*::argument:->argument' && return\n";
    out += "    case $state in\n    command) _describe -t commands 'lamina command' commands ;;\n";
    out += "    argument)\n        case $words[1] in\n";
    for (const CommandText& command : tool.commands)
        out += fmt::format("        {})\n        {} ;;\n", command.name, arguments_call(command));
    out += "        esac ;;\n    esac\n}\n";
    // Loaded by the completion system as a function's body, or sourced.
    return out +
           "if [ \"$funcstack[1]\" = \"_lamina\" ]; then _lamina \"$@\"; else compdef _lamina lamina; fi\n";
}

}  // namespace lamina::cli
