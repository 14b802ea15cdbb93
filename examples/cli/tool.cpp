#include "tool.hpp"

#include "description.hpp"
#include "help.hpp"
#include "options.hpp"

namespace lamina::cli {
namespace {

// What every command has, in a group of its own at the end.
void add_general_options(CLI::App& command) {
    command.set_help_flag("-h,--help", "Show this help and exit")->group(general_group);
    add_colour_option(command);
}

// Of an option that is given twice the last counts, so that an alias of the shell may hold defaults.
void let_the_last_count(CLI::App& command) {
    for (CLI::Option* option : command.get_options([](CLI::Option*) { return true; })) {
        const bool single = option->get_type_size() != 0 && option->get_expected_max() == 1;
        if (single && !option->get_positional())
            option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
    for (CLI::App* part : command.get_subcommands([](CLI::App*) { return true; })) let_the_last_count(*part);
}

void add_commands(CLI::App& tool, Action& action) {
    add_chat(tool, action);
    add_generate(tool, action);
    add_info(tool, action);
    add_plan(tool, action);
    add_tokenize(tool, action);
    add_render(tool, action);
    add_logits(tool, action);
    add_compare(tool, action);
    add_bench(tool, action);
    add_completion(tool, action);
    add_man(tool, action);
    add_help(tool, action);  // last: it takes the names of the others
}

}  // namespace

void describe_tool(CLI::App& tool, Action& action) {
    set_description(tool, "Run language models from GGUF files", "");
    tool.formatter(std::make_shared<HelpFormatter>());
    tool.set_version_flag("--version", "lamina " LAMINA_VERSION, "Show the version and exit")
        ->group(general_group);
    tool.require_subcommand(1);
    add_commands(tool, action);
    // After the commands, which would inherit them.
    set_examples(tool, {{"Talk with a model", "lamina chat model.gguf"},
                        {"Continue a text", "lamina generate model.gguf -p 'Once upon a time'"},
                        {"See what is in a file, and what it would take to run it",
                         "lamina info model.gguf && lamina plan model.gguf"}});
    add_general_options(tool);
    for (CLI::App* command : tool.get_subcommands([](CLI::App*) { return true; }))
        add_general_options(*command);
    let_the_last_count(tool);
}

}  // namespace lamina::cli
