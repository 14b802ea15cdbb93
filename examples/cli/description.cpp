#include "description.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "options.hpp"

namespace lamina::cli {
namespace {

constexpr std::string_view paragraph_end = "\n\n";

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find(separator, begin), text.size());
        parts.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return parts;
}

ValueKind kind_of(const std::string& value) {
    if (value.empty()) return ValueKind::none;
    if (value == model_value) return ValueKind::model;
    if (value == file_value) return ValueKind::file;
    return value.find('|') == std::string::npos ? ValueKind::text : ValueKind::choice;
}

OptionText option_text(const CLI::Option& option) {
    OptionText out;
    out.positional = option.get_positional();
    if (out.positional) {
        out.names.push_back(option.get_name(true));
    } else {
        for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
        for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
    }
    if (option.get_type_size() != 0) out.value = option.get_type_name();
    out.kind = kind_of(out.value);
    if (out.kind == ValueKind::choice) out.choices = split(out.value, '|');
    out.help = option.get_description();
    out.required = option.get_required();
    out.repeatable = option.get_expected_max() >= CLI::detail::expected_max_vector_size;
    return out;
}

OptionGroup& group_of(std::vector<OptionGroup>& groups, const std::string& title) {
    const auto has_title = [&](const OptionGroup& group) { return group.title == title; };
    const auto found = std::find_if(groups.begin(), groups.end(), has_title);
    if (found != groups.end()) return *found;
    groups.push_back({.title = title});
    return groups.back();
}

// Options of the command itself by the group that each names, then its option groups, which are nameless
// commands to CLI11; what every command has comes last.
void add_options(const CLI::App& command, CommandText& out) {
    for (const CLI::Option* option : command.get_options()) {
        if (option->get_positional()) {
            out.arguments.push_back(option_text(*option));
        } else {
            group_of(out.groups, option->get_group()).options.push_back(option_text(*option));
        }
    }
    for (const CLI::App* part : command.get_subcommands([](const CLI::App*) { return true; })) {
        if (!part->get_name().empty()) continue;
        OptionGroup& group = group_of(out.groups, part->get_group());
        group.needs_one = part->get_require_option_min() == 1 && part->get_require_option_max() == 1;
        for (const CLI::Option* option : part->get_options()) {
            if (option != part->get_help_ptr()) group.options.push_back(option_text(*option));
        }
    }
    const auto is_special = [](const OptionGroup& group) { return group.title != general_group; };
    std::stable_partition(out.groups.begin(), out.groups.end(), is_special);
}

std::string usage_of(const CommandText& command) {
    std::string out = command.full_name + " [OPTIONS]";
    for (const OptionGroup& group : command.groups) {
        for (const OptionText& option : group.options) {
            if (option.required) out += " " + option.names.front() + " " + option.value;
        }
    }
    for (const OptionText& argument : command.arguments) {
        out += argument.required ? " " + argument.names.front() : " [" + argument.names.front() + "]";
    }
    return command.commands.empty() ? out : out + " COMMAND ...";
}

}  // namespace

CommandText describe(const CLI::App& command) {
    CommandText out;
    out.name = command.get_name();
    const CLI::App* const parent = command.get_parent();
    out.full_name = parent == nullptr ? out.name : parent->get_name() + " " + out.name;
    const std::string text = command.get_description();
    const std::size_t end = std::min(text.find(paragraph_end), text.size());
    out.summary = text.substr(0, end);
    if (end < text.size()) out.details = text.substr(end + paragraph_end.size());
    out.examples = command.get_footer();
    add_options(command, out);
    for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
        if (!sub->get_name().empty()) out.commands.push_back(describe(*sub));
    }
    out.usage = usage_of(out);
    return out;
}

void set_description(CLI::App& command, const std::string& summary, const std::string& details) {
    command.description(details.empty() ? summary : summary + std::string(paragraph_end) + details);
}

void set_examples(CLI::App& command, const std::vector<Example>& examples) {
    std::string text;
    for (const Example& example : examples) {
        text += (text.empty() ? "# " : "\n# ") + example.purpose + "\n" + example.line + "\n";
    }
    command.footer(text);
}

}  // namespace lamina::cli
