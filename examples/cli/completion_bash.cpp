#include <fmt/core.h>
#include <fmt/ranges.h>

#include "completion.hpp"

namespace lamina::cli {
namespace {

// The script's own helpers: words, any file, a model file.
constexpr std::string_view beginning = R"(# bash completion for lamina
_lamina_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current"); }
_lamina_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
_lamina_models() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$current"; compgen -f -X '!*.gguf' -- "$current")
}
_lamina() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' i
    COMPREPLY=()
    # --name=value comes in three words.
    if [[ $current == "=" ]]; then
        current=''
    elif [[ $previous == "=" ]]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
)";

constexpr std::string_view end = R"(}
complete -F _lamina lamina
)";

// What completes a value, as shell code; nothing where only the user knows.
std::string value_code(const OptionText& option) {
    switch (option.kind) {
        case ValueKind::choice: return fmt::format("_lamina_words '{}'", fmt::join(option.choices, " "));
        case ValueKind::file: return "_lamina_files";
        case ValueKind::model: return "_lamina_models";
        default: return ":";
    }
}

std::string values_code(const CommandText& command) {
    std::string out;
    for (const OptionText& option : all_options(command)) {
        if (option.kind == ValueKind::none) continue;
        std::string patterns;
        for (const std::string& name : option.names)
            patterns += fmt::format("{}{}:{}", patterns.empty() ? "" : "|", command.name, name);
        out += fmt::format("        {}) {}; return ;;\n", patterns, value_code(option));
    }
    return out;
}

std::string words_code(const CommandText& command) {
    std::vector<std::string> names;
    for (const OptionText& option : all_options(command))
        names.insert(names.end(), option.names.begin(), option.names.end());
    return fmt::format("            {}) _lamina_words '{}' ;;\n", command.name, fmt::join(names, " "));
}

// Arguments without dashes: all of a command's are of one kind.
std::string argument_code(const CommandText& command) {
    if (command.arguments.empty()) return {};
    return fmt::format("        {}) {} ;;\n", command.name, value_code(command.arguments.front()));
}

}  // namespace

std::string bash_completion(const CommandText& tool) {
    std::vector<std::string> names;
    for (const CommandText& command : tool.commands) names.push_back(command.name);
    CommandText root = tool;
    root.name = "''";  // the pattern of no command yet
    std::string out(beginning);
    out += fmt::format(
        "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
        "        case ${{COMP_WORDS[i]}} in {}) command=${{COMP_WORDS[i]}}; break ;; esac\n"
        "    done\n",
        fmt::join(names, "|"));
    out += "    case $command:$previous in\n";
    out += values_code(root);
    for (const CommandText& command : tool.commands) out += values_code(command);
    out += "    esac\n    if [[ $current == -* ]]; then\n        case $command in\n";
    out += words_code(root);
    for (const CommandText& command : tool.commands) out += words_code(command);
    out += "        esac\n        return\n    fi\n    case $command in\n";
    out += fmt::format("        '') _lamina_words '{}' ;;\n", fmt::join(names, " "));
    for (const CommandText& command : tool.commands) out += argument_code(command);
    out += "    esac\n";
    return out + std::string(end);
}

}  // namespace lamina::cli
