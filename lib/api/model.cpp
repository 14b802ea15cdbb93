#include "lamina/model.hpp"

#include <algorithm>
#include <string>

#include "api/describe.hpp"
#include "api/model_state.hpp"
#include "api/settle.hpp"
#include "api/vocabulary.hpp"
#include "format/model_file.hpp"
#include "lamina/error.hpp"
#include "text/tokenizer.hpp"

namespace lamina {
namespace {

FileAccess access(LoadMode mode) { return mode == LoadMode::map ? FileAccess::map : FileAccess::read; }

std::optional<Tokenizer> make_tokenizer(const format::ModelFile& file) {
    auto data = read_vocabulary(file);
    if (!data) return std::nullopt;
    return Tokenizer(std::make_shared<const text::Tokenizer>(std::move(*data)));
}

std::optional<ChatTemplate> make_template(const format::ModelFile& file) {
    const auto source = file.string("tokenizer.chat_template");
    if (!source) return std::nullopt;
    return ChatTemplate::parse(*source);
}

void check_vocabulary(const format::ModelFile& file, const Tokenizer& tokenizer, std::uint32_t rows) {
    if (tokenizer.size() <= rows) return;
    throw Error(ErrorCode::bad_file, ErrorDetails{.area = "model",
                                                  .file = file.path(),
                                                  .subject = "tokenizer.ggml.tokens",
                                                  .expected = "at most " + std::to_string(rows) +
                                                              " tokens as token_embd.weight has rows",
                                                  .found = std::to_string(tokenizer.size())});
}

}  // namespace

Model Model::load(const std::string& path, const ModelOptions& options) {
    const auto file = format::open_model(path, access(options.load));
    const auto network = model::read_model(file);
    auto settled = settle(options, network);
    auto state = std::make_shared<State>();
    state->info = describe(file, network);
    state->tokenizer = make_tokenizer(file);
    if (state->tokenizer) check_vocabulary(file, *state->tokenizer, network.config.vocabulary);
    try {
        state->chat_template = make_template(file);
    } catch (const Error& error) {  // a model with a broken template still computes
        if (options.log) options.log(LogLevel::warning, error.what());
    }
    auto plan =
        plan::make_plan(network, *settled.backend, settled.device, settled.device_options, settled.workload);
    state->options = settled.options;
    state->options.context = plan.workload.context;
    if (options.log) options.log(LogLevel::info, plan.summary.reason);
    state->executor =
        std::make_unique<exec::Executor>(file, std::move(plan), settled.device_options, options.progress);
    state->prefixes.emplace(state->executor->sequences());
    return Model(std::move(state));
}

const ModelInfo& Model::info() const { return state_->info; }
const Plan& Model::plan() const { return state_->executor->plan().summary; }
const ModelOptions& Model::options() const { return state_->options; }
bool Model::has_tokenizer() const { return state_->tokenizer.has_value(); }

Tokenizer Model::tokenizer() const {
    if (!state_->tokenizer)
        throw Error(ErrorCode::unsupported, "model",
                    state_->info.path + " has no vocabulary: it works on token ids alone");
    return *state_->tokenizer;
}

std::optional<ChatTemplate> Model::chat_template() const { return state_->chat_template; }

std::vector<OpImplementation> Model::implementations() const {
    std::vector<OpImplementation> out;
    for (auto& report : state_->executor->report()) {
        out.push_back({std::move(report.op), std::move(report.implementation), std::move(report.refused)});
    }
    return out;
}

ModelInfo inspect(const std::string& path) {
    const auto file = format::open_model(path, FileAccess::map);
    return describe(file, model::read_model(file));
}

Plan make_plan(const std::string& path, const ModelOptions& options) {
    const auto file = format::open_model(path, FileAccess::map);
    const auto network = model::read_model(file);
    const auto settled = settle(options, network);
    return plan::make_plan(network, *settled.backend, settled.device, settled.device_options,
                           settled.workload)
        .summary;
}

Tokenizer load_tokenizer(const std::string& path) {
    auto tokenizer = make_tokenizer(format::open_model(path, FileAccess::map));
    if (!tokenizer) throw Error(ErrorCode::unsupported, "model", path + " has no vocabulary");
    return *tokenizer;
}

std::optional<ChatTemplate> load_chat_template(const std::string& path) {
    return make_template(format::open_model(path, FileAccess::map));
}

std::vector<std::string> architectures() {
    std::vector<std::string> out;
    for (auto name : model::architectures()) out.emplace_back(name);
    return out;
}

std::vector<DeviceInfo> devices() {
    std::vector<DeviceInfo> out;
    for (const auto& backend : backend::registry()) {
        auto found = backend.devices();
        out.insert(out.end(), found.begin(), found.end());
    }
    return out;
}

}  // namespace lamina
