#include "lamina/model.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "api/describe.hpp"
#include "api/model_state.hpp"
#include "api/resolve_options.hpp"
#include "api/vocabulary.hpp"
#include "base/border.hpp"
#include "base/errors.hpp"
#include "format/model_file.hpp"
#include "text/tokenizer.hpp"

namespace lamina {
namespace {

FileAccess access(LoadMode mode) { return mode == LoadMode::map ? FileAccess::map : FileAccess::read; }

std::optional<Tokenizer> make_tokenizer(const format::ModelFile& file) {
    auto data = read_vocabulary(file);
    if (!data) return std::nullopt;
    return Tokenizer(std::make_shared<const text::Tokenizer>(std::move(*data)));
}

// Calls `step`; its errors name the file, and `subject` where they have none of their own.
template <class Step>
auto about(const format::ModelFile& file, std::string_view subject, const Step& step) {
    try {
        return step();
    } catch (const Error& error) {
        auto details = error.details();
        if (!details.file.empty() || error.code() == ErrorCode::invalid_argument) throw;
        details.file = file.path();
        if (details.subject.empty()) details.subject = subject;
        throw Error(error.code(), std::move(details));
    }
}

std::optional<ChatTemplate> make_template(const format::ModelFile& file) {
    const std::string_view key = "tokenizer.chat_template";
    const auto source = file.string(key);
    if (!source) return std::nullopt;
    return about(file, key, [&] { return ChatTemplate::parse(*source); });
}

[[noreturn]] void fail_without_vocabulary(const std::string& path) {
    Errors{"model", path}.fail(ErrorCode::unsupported, "tokenizer.ggml.model", "a vocabulary",
                               "none: the model works on token ids alone");
}

plan::Plan plan_of(const format::ModelFile& file, const model::Model& network,
                   const ResolvedOptions& resolved) {
    return about(file, resolved.device.name, [&] {
        return plan::make_plan(network, *resolved.backend, resolved.device, resolved.device_options,
                               resolved.workload);
    });
}

void check_vocabulary(const format::ModelFile& file, const Tokenizer& tokenizer, std::uint32_t rows) {
    if (tokenizer.size() <= rows) return;
    file.errors().fail(ErrorCode::bad_file, "tokenizer.ggml.tokens",
                       "at most " + std::to_string(rows) + " tokens as token_embd.weight has rows",
                       std::to_string(tokenizer.size()));
}

}  // namespace

Model Model::load(const std::string& path, const ModelOptions& options) try {
    const auto file = format::open_model(path, access(options.load));
    const auto network = model::read_model(file);
    auto resolved = resolve_options(options, network);
    auto state = std::make_shared<State>();
    state->info = describe(file, network);
    state->tokenizer = make_tokenizer(file);
    if (state->tokenizer) check_vocabulary(file, *state->tokenizer, network.config.vocabulary);
    try {
        state->chat_template = make_template(file);
    } catch (const Error& error) {  // a model with a broken template still computes
        if (error.code() == ErrorCode::out_of_memory) throw;
        if (options.log) options.log(LogLevel::warning, error.what());
    }
    auto plan = plan_of(file, network, resolved);
    state->options = resolved.options;
    state->options.context = plan.workload.context;
    if (options.log) options.log(LogLevel::info, plan.summary.reason);
    state->executor =
        std::make_unique<exec::Executor>(file, std::move(plan), resolved.device_options, options.progress);
    return Model(std::move(state));
} catch (...) { rethrow_typed("load", path); }

const ModelInfo& Model::info() const { return state_->info; }
const Plan& Model::plan() const { return state_->executor->plan().summary; }
const ModelOptions& Model::options() const { return state_->options; }
bool Model::has_tokenizer() const { return state_->tokenizer.has_value(); }

Tokenizer Model::tokenizer() const try {
    if (!state_->tokenizer) fail_without_vocabulary(state_->info.path);
    return *state_->tokenizer;
} catch (...) { rethrow_typed("model", state_->info.path); }

std::optional<ChatTemplate> Model::chat_template() const { return state_->chat_template; }

std::vector<OpImplementation> Model::implementations() const try {
    return state_->executor->report();
} catch (...) { rethrow_typed("model", state_->info.path); }

std::vector<OpTime> Model::take_profile() const try {
    const auto lease = state_->executor->lease();
    return state_->executor->take_profile();
} catch (...) { rethrow_typed("model", state_->info.path); }

DeviceSpeed Model::measure_device() const try {
    const auto lease = state_->executor->lease();
    return state_->executor->measure_device();
} catch (...) { rethrow_typed("model", state_->info.path); }

ModelInfo inspect(const std::string& path) try {
    const auto file = format::open_model(path, FileAccess::map);
    return describe(file, model::read_model(file));
} catch (...) { rethrow_typed("inspect", path); }

Plan make_plan(const std::string& path, const ModelOptions& options) try {
    const auto file = format::open_model(path, FileAccess::map);
    const auto network = model::read_model(file);
    return plan_of(file, network, resolve_options(options, network)).summary;
} catch (...) { rethrow_typed("plan", path); }

Tokenizer load_tokenizer(const std::string& path) try {
    auto tokenizer = make_tokenizer(format::open_model(path, FileAccess::map));
    if (!tokenizer) fail_without_vocabulary(path);
    return *tokenizer;
} catch (...) { rethrow_typed("tokenizer", path); }

std::optional<ChatTemplate> load_chat_template(const std::string& path) try {
    return make_template(format::open_model(path, FileAccess::map));
} catch (...) { rethrow_typed("template", path); }

std::vector<std::string> architectures() try {
    std::vector<std::string> out;
    for (auto name : model::architectures()) out.emplace_back(name);
    return out;
} catch (...) { rethrow_typed("model"); }

std::vector<DeviceInfo> devices() try {
    std::vector<DeviceInfo> out;
    for (const auto& backend : backend::registry()) {
        auto found = backend.devices();
        out.insert(out.end(), found.begin(), found.end());
    }
    return out;
} catch (...) { rethrow_typed("device"); }

}  // namespace lamina
