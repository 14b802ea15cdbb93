// lamina info: what is in a model file, which devices there are, what this build reads.
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "description.hpp"
#include "lamina/lamina.hpp"
#include "options.hpp"

namespace lamina::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Arguments {
    std::string model;
    bool json = false;
    bool verbose = false;
    bool architectures = false;
    bool devices = false;
    AskedOptions options;
};

std::string dump(const Json& value) { return value.dump(2, ' ', false, Json::error_handler_t::replace); }

std::string bytes_text(std::uint64_t bytes) {
    if (bytes < 1000) return fmt::format("{} B", bytes);
    double value = static_cast<double>(bytes);
    std::string_view unit;
    for (const std::string_view next : {"kB", "MB", "GB", "TB"}) {
        if (value < 1000) break;
        value /= 1000;
        unit = next;
    }
    return fmt::format("{:.1f} {}", value, unit);
}

void row(std::string_view name, const std::string& value) {
    if (!value.empty()) fmt::print("{:<20}{}\n", name, value);
}

Json device_json(const DeviceInfo& device) {
    return {{"name", device.name},
            {"backend", device.backend},
            {"description", device.description},
            {"memory_bytes", device.memory_bytes},
            {"available_bytes", device.available_bytes},
            {"threads", device.threads},
            {"isa", device.isa},
            {"isa_used", device.isa_used}};
}

void print_devices(bool json) {
    const std::vector<DeviceInfo> found = devices();
    if (json) {
        Json out = Json::array();
        for (const DeviceInfo& device : found) out.push_back(device_json(device));
        fmt::print("{}\n", dump({{"devices", out}}));
        return;
    }
    for (const DeviceInfo& device : found) {
        row("device", device.name + (device.description.empty() ? "" : ": " + device.description));
        row("  backend", device.backend);
        row("  memory", fmt::format("{}, {} available", bytes_text(device.memory_bytes),
                                    bytes_text(device.available_bytes)));
        if (device.threads > 0) row("  threads", std::to_string(device.threads));
        row("  instruction sets", fmt::format("{}", fmt::join(device.isa, " ")));
        row("  used", device.isa_used);
    }
}

void print_architectures(bool json) {
    if (json) {
        fmt::print("{}\n", dump({{"architectures", architectures()}}));
    } else {
        for (const std::string& name : architectures()) fmt::print("{}\n", name);
    }
}

Json info_json(const ModelInfo& info) {
    Json types = Json::array();
    for (const TypeCount& type : info.types) {
        types.push_back({{"type", type.type}, {"tensors", type.tensors}, {"bytes", type.bytes}});
    }
    return {{"path", info.path},
            {"format", info.format},
            {"architecture", info.architecture},
            {"name", info.name},
            {"licence", info.licence},
            {"parameters", info.parameters},
            {"file_bytes", info.file_bytes},
            {"weight_bytes_per_token", info.weight_bytes_per_token},
            {"weights_per_token", info.weights_per_token},
            {"layers", info.layers},
            {"embedding", info.embedding},
            {"heads", info.heads},
            {"kv_heads", info.kv_heads},
            {"head_dim", info.head_dim},
            {"feed_forward", info.feed_forward},
            {"vocabulary", info.vocabulary},
            {"trained_context", info.trained_context},
            {"types", types},
            {"features", info.features},
            {"tokenizer", info.tokenizer},
            {"has_chat_template", info.has_chat_template}};
}

void print_info(const ModelInfo& info) {
    row("file", info.path);
    row("format", fmt::format("{}, {}", info.format, bytes_text(info.file_bytes)));
    row("name", info.name);
    row("licence", info.licence);
    row("architecture", info.architecture);
    row("parameters", fmt::format("{:.1f} million", static_cast<double>(info.parameters) / 1e6));
    row("layers", std::to_string(info.layers));
    row("embedding", std::to_string(info.embedding));
    row("attention",
        fmt::format("{} heads of {}, {} for keys and values", info.heads, info.head_dim, info.kv_heads));
    row("feed forward", std::to_string(info.feed_forward));
    row("trained context", fmt::format("{} tokens", info.trained_context));
    row("vocabulary",
        fmt::format("{} tokens{}", info.vocabulary, info.tokenizer.empty() ? ", without their text" : ""));
    row("tokenizer", info.tokenizer.empty() ? "none" : info.tokenizer);
    row("chat template", info.has_chat_template ? "yes" : "no");
    row("features", fmt::format("{}", fmt::join(info.features, "; ")));
    row("read per token", bytes_text(info.weight_bytes_per_token));
    for (const TypeCount& type : info.types) {
        row("weights",
            fmt::format("{:<8}{:>6} tensors {:>12}", type.type, type.tensors, bytes_text(type.bytes)));
    }
}

Json implementations_json(const std::vector<OpImplementation>& implementations) {
    Json out = Json::array();
    for (const OpImplementation& op : implementations) {
        out.push_back({{"op", op.op}, {"implementation", op.implementation}, {"refused", op.refused}});
    }
    return out;
}

void print_implementations(const std::vector<OpImplementation>& implementations) {
    for (const OpImplementation& op : implementations) {
        const std::string refused = op.refused.empty() ? "" : "  (" + op.refused + ")";
        row("op", fmt::format("{:<32} {}{}", op.op, op.implementation, refused));
    }
}

void print_model(const Arguments& arguments) {
    const ModelInfo info = inspect(arguments.model);
    std::vector<OpImplementation> implementations;
    if (arguments.verbose) implementations = load_model(arguments.model, arguments.options).implementations();
    if (!arguments.json) {
        print_info(info);
        print_implementations(implementations);
        return;
    }
    Json out = info_json(info);
    if (arguments.verbose) out["implementations"] = implementations_json(implementations);
    fmt::print("{}\n", dump(out));
}

int info(const Arguments& arguments) {
    if (arguments.architectures) {
        print_architectures(arguments.json);
    } else if (arguments.devices || arguments.model.empty()) {
        print_devices(arguments.json);
    } else {
        print_model(arguments);
    }
    return status_ok;
}

}  // namespace

void add_info(CLI::App& tool, Action& action) {
    auto arguments = std::make_shared<Arguments>();
    arguments->options.context = 256;  // --verbose loads the model, but computes nothing
    CLI::App& command = *tool.add_subcommand("info");
    set_description(
        command, "Show what is in a model file; without one, the devices found",
        "Only the header of the file is read, unless --verbose is given; what it computes with follows from "
        "the options below.");
    set_examples(command,
                 {{"What is in the file", "lamina info model.gguf"},
                  {"What this machine computes with", "lamina info"},
                  {"One number for a script", "lamina info model.gguf --json | jq .trained_context"}});
    CLI::Option* const model =
        command.add_option("MODEL", arguments->model, "A GGUF file; of a split model any part")
            ->type_name(model_value);
    command.add_flag("--json", arguments->json, "Print one JSON object");
    command
        .add_flag("--verbose", arguments->verbose,
                  "Load the model and list which implementation each op uses")
        ->needs(model);
    CLI::Option* const names = command
                                   .add_flag("--architectures", arguments->architectures,
                                             "List the architectures that this build knows")
                                   ->excludes(model);
    command.add_flag("--devices", arguments->devices, "List the devices found")
        ->excludes(model)
        ->excludes(names);
    add_model_options(command, arguments->options);
    command.callback([arguments, &action] { action = [arguments] { return info(*arguments); }; });
}

}  // namespace lamina::cli
