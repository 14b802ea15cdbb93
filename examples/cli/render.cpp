// lamina render: chat templates applied to messages.
#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "commands.hpp"
#include "description.hpp"
#include "files.hpp"
#include "lamina/lamina.hpp"
#include "options.hpp"

namespace lamina::cli {
namespace {

struct Arguments {
    std::string chat_template;
    std::string json;
    std::string now;
};

// Else every case would say so.
void check_now(const std::string& now) {
    try {
        (void)ChatTemplate::parse("{{ strftime_now('%Y') }}").render_json("{}", now);
    } catch (const Error&) {
        throw Error(
            ErrorCode::invalid_argument,
            ErrorDetails{.subject = "--now", .expected = "a time such as 2024-07-26T09:05:03", .found = now});
    }
}

nlohmann::json render_case(const ChatTemplate& chat_template, const nlohmann::ordered_json& variables,
                           const std::string& now) {
    try {
        return {{"text", chat_template.render_json(variables.dump(), now)}};
    } catch (const Error& error) { return {{"error", error.what()}}; }
}

int render(const Arguments& arguments) {
    const ChatTemplate chat_template = read_template(arguments.chat_template);
    check_now(arguments.now);
    const nlohmann::ordered_json cases = read_cases(arguments.json);
    nlohmann::json out = nlohmann::json::array();
    for (const nlohmann::ordered_json& variables : cases)
        out.push_back(render_case(chat_template, variables, arguments.now));
    fmt::print("{}\n", out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return status_ok;
}

}  // namespace

void add_render(CLI::App& tool, Action& action) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App& command = *tool.add_subcommand("render");
    set_description(
        command, "Apply a chat template to messages",
        "Prints a JSON array with an object for each case: {\"text\": ...}, or {\"error\": ...} where "
        "the template refuses it.");
    set_examples(command, {{"One question",
                            "echo '[{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], "
                            "\"add_generation_prompt\": true}]' | lamina render chat.jinja --json -"}});
    command.add_option("TEMPLATE", arguments->chat_template, "A Jinja chat template")
        ->type_name(file_value)
        ->required();
    command
        .add_option("--json", arguments->json,
                    "A JSON array of {messages, tools?, add_generation_prompt, bos_token, eos_token}; - is "
                    "standard input")
        ->type_name(file_value)
        ->required();
    command.add_option("--now", arguments->now, "What strftime_now sees, as 2024-07-26T09:05:03 [the clock]")
        ->type_name("TIME");
    command.callback([arguments, &action] { action = [arguments] { return render(*arguments); }; });
}

}  // namespace lamina::cli
