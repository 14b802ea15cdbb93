#include "lamina/sampling.hpp"

#include "api/c/convert.hpp"
#include "api/c/structs.hpp"

namespace lamina::c_api {
namespace {

static_assert(ends_with<std::uint64_t>(offsetof(lamina_sampling_params, seed),
                                       sizeof(lamina_sampling_params)));

lamina_sampling_params to_c(const SamplingParams& params) {
    lamina_sampling_params out{};
    out.struct_size = sizeof out;
    out.penalty_window = params.penalty_window;
    out.repetition_penalty = params.repetition_penalty;
    out.presence_penalty = params.presence_penalty;
    out.frequency_penalty = params.frequency_penalty;
    out.top_k = params.top_k;
    out.top_p = params.top_p;
    out.min_p = params.min_p;
    out.temperature = params.temperature;
    return out;
}

}  // namespace

SamplingParams sampling_params(const Call& c, const lamina_sampling_params* given) {
    if (given == nullptr) return {};
    const auto params = read_struct(c, *given, to_c(SamplingParams{}), "sampling");
    SamplingParams out;
    for (const auto& each : c.list(params.logit_bias, params.logit_bias_count, "sampling.logit_bias"))
        out.logit_bias.emplace_back(each.token, each.bias);
    out.penalty_window = params.penalty_window;
    out.repetition_penalty = params.repetition_penalty;
    out.presence_penalty = params.presence_penalty;
    out.frequency_penalty = params.frequency_penalty;
    out.top_k = params.top_k;
    out.top_p = params.top_p;
    out.min_p = params.min_p;
    out.temperature = params.temperature;
    if (params.has_seed) out.seed = params.seed;
    return out;
}

}  // namespace lamina::c_api

using namespace lamina;
using c_api::Call;

lamina_error lamina_sampling_params_init(lamina_sampling_params* params, size_t struct_size) {
    return c_api::call(__func__, [&](const Call& c) {
        c_api::write_struct(c, params, struct_size, c_api::to_c(SamplingParams{}), "params");
    });
}

lamina_error lamina_sampling_params_init_greedy(lamina_sampling_params* params, size_t struct_size) {
    return c_api::call(__func__, [&](const Call& c) {
        c_api::write_struct(c, params, struct_size, c_api::to_c(SamplingParams::greedy()), "params");
    });
}
