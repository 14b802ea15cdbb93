// lamina plan: what would lie where, to the byte, from the file's header alone.
#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "commands.hpp"
#include "description.hpp"
#include "lamina/lamina.hpp"
#include "options.hpp"

namespace lamina::cli {
namespace {

struct Arguments {
    std::string model;
    bool json = false, ops = false;
    AskedOptions options;
};

int plan(const Arguments& arguments) {
    const Plan made = make_plan(arguments.model, arguments.options);
    note_context(arguments.options, made.context);
    const std::string text = arguments.ops ? made.ops : arguments.json ? made.json() : made.table();
    fmt::print("{}{}", text, text.empty() || text.back() != '\n' ? "\n" : "");
    return status_ok;
}

}  // namespace

void add_plan(CLI::App& tool, Action& action) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App& command = *tool.add_subcommand("plan");
    set_description(command, "Show what a model would take where, without loading it",
                    "Every buffer is listed to the byte; the numbers are those that loading it with the same "
                    "options would allocate.");
    set_examples(
        command,
        {{"With the default context", "lamina plan model.gguf"},
         {"For 16 long conversations at once", "lamina plan model.gguf --context 8192 --sequences 16"},
         {"The program that a step runs", "lamina plan model.gguf --ops"},
         {"The sum, for a script", "lamina plan model.gguf --json | jq '[.buffers[].bytes] | add'"}});
    add_model_path(command, arguments->model);
    auto* json = command.add_flag("--json", arguments->json, "Print one JSON object");
    command.add_flag("--ops", arguments->ops, "Print what devices are asked to do in a step, an op a line")
        ->excludes(json);
    add_model_options(command, arguments->options);
    command.callback([arguments, &action] { action = [arguments] { return plan(*arguments); }; });
}

}  // namespace lamina::cli
