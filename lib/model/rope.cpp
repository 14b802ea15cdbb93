#include "model/rope.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lamina/limits.hpp"
#include "quant/decode.hpp"

namespace lamina::model {
namespace {

// The pair whose wavelength makes `turns` full turns within the original context (arXiv:2309.00071, appendix
// A.2).
double pair_of_turns(const RopeParameters& p, double turns) {
    return p.dims * std::log(p.original_context / (turns * 2.0 * std::numbers::pi)) /
           (2.0 * std::log(p.base));
}

double yarn_frequency(const RopeParameters& p, std::uint32_t pair, double frequency) {
    double low = pair_of_turns(p, p.beta_fast), high = pair_of_turns(p, p.beta_slow);
    if (p.truncate) low = std::floor(low), high = std::ceil(high);
    low = std::max(low, 0.0), high = std::min(high, p.dims - 1.0);
    const double ramp = std::clamp((pair - low) / std::max(high - low, 0.001), 0.0, 1.0);
    return frequency / p.factor * ramp + frequency * (1.0 - ramp);
}

RopeScaling read_scaling(const format::ModelFile& file, const std::string& key) {
    const auto type = file.string(key).value_or("none");
    if (type == "none") return RopeScaling::none;
    if (type == "linear") return RopeScaling::linear;
    if (type == "dynamic") return RopeScaling::dynamic;
    if (type == "yarn") return RopeScaling::yarn;
    if (type == "longrope" || type == "su") return RopeScaling::longrope;
    file.errors().fail(ErrorCode::unsupported, key, "none, linear, dynamic, yarn or longrope", type);
}

std::vector<float> read_factors(const format::ModelFile& file, const char* name, std::uint32_t pairs) {
    const auto* tensor = file.find(name);
    if (!tensor) return {};
    const auto bad = [&](std::string_view expected, std::string_view found) {
        file.errors().fail(ErrorCode::bad_file, name, expected, found);
    };
    if (tensor->type != DType::f32) bad("type f32", info(tensor->type).name);
    if (tensor->elements() != pairs)
        bad(std::to_string(pairs) + " values", std::to_string(tensor->elements()));
    std::vector<float> factors(pairs);
    quant::decode(DType::f32, tensor->bytes.data(), pairs, factors.data());
    for (float f : factors) {
        if (!(f > 0) || !std::isfinite(f)) bad("positive factors", std::to_string(f));
    }
    return factors;
}

// How much longer contexts get, where the file says so only by their lengths.
double stretch(const format::ModelFile& file, const std::string& architecture, const RopeParameters& p) {
    const auto trained = file.need_integer(architecture + ".context_length", 1, max_context);
    return std::max(static_cast<double>(trained) / p.original_context, 1.0);
}

void read_longrope(const format::ModelFile& file, const std::string& architecture, RopeParameters& p) {
    p.frequency_factors = read_factors(file, "rope_factors_short.weight", p.dims / 2);
    p.long_factors = read_factors(file, "rope_factors_long.weight", p.dims / 2);
    for (const auto& [factors, name] : {std::pair{&p.frequency_factors, "rope_factors_short.weight"},
                                        std::pair{&p.long_factors, "rope_factors_long.weight"}}) {
        if (factors->empty())
            file.errors().fail(ErrorCode::bad_file, name, "the tensor in the file", "no tensor of this name");
    }
    if (file.has(architecture + ".rope.scaling.attn_factor")) return;
    const double longer = stretch(file, architecture, p);
    p.attention_factor = longer > 1 && p.original_context > 1
                             ? std::sqrt(1.0 + std::log(longer) / std::log(p.original_context))
                             : 1.0;
}

// The base that spreads `context` tokens over the turns of the original ones.
double dynamic_base(const RopeParameters& p, std::uint32_t context) {
    const double length = std::max(static_cast<double>(context), p.original_context);
    const double grown = p.factor * length / p.original_context - (p.factor - 1.0);
    return p.dims > 2 ? p.base * std::pow(grown, p.dims / (p.dims - 2.0)) : p.base;
}

double magnitude(const RopeParameters& p) {
    if (p.scaling == RopeScaling::longrope) return p.attention_factor;
    if (p.scaling != RopeScaling::yarn) return 1.0;
    return p.log_multiplier > 0 ? p.attention_factor : p.attention_factor * (1.0 + 0.1 * std::log(p.factor));
}

}  // namespace

double RopeParameters::score_scale() const {
    if (scaling != RopeScaling::yarn || log_multiplier == 0) return 1.0;
    const double grown = 1.0 + log_multiplier * std::log(factor);
    return grown * grown;
}

RopeTable make_rope(const RopeParameters& p, std::uint32_t context) {
    RopeTable table;
    table.pairing = p.pairing;
    const bool beyond = p.scaling == RopeScaling::longrope && context > p.original_context;
    const auto& factors = beyond ? p.long_factors : p.frequency_factors;
    const double base = p.scaling == RopeScaling::dynamic ? dynamic_base(p, context) : p.base;
    for (std::uint32_t i = 0; i < p.dims / 2; ++i) {
        double frequency = std::pow(base, -2.0 * i / p.dims);
        if (!factors.empty()) frequency /= static_cast<double>(factors[i]);
        if (p.scaling == RopeScaling::linear) frequency /= p.factor;
        if (p.scaling == RopeScaling::yarn) frequency = yarn_frequency(p, i, frequency);
        table.inverse_frequencies.push_back(static_cast<float>(frequency));
    }
    table.magnitude = static_cast<float>(magnitude(p));
    return table;
}

RopeParameters read_rope(const format::ModelFile& file, const std::string& architecture,
                         std::uint32_t key_dim) {
    const std::string key = architecture + ".rope.";
    RopeParameters p;
    p.dims = static_cast<std::uint32_t>(file.integer(key + "dimension_count", 2, key_dim).value_or(key_dim));
    if (p.dims % 2 != 0)
        file.errors().fail(ErrorCode::bad_file, key + "dimension_count", "an even number",
                           std::to_string(p.dims));
    p.base = file.real(key + "freq_base", 1.0 + 1e-6, 1e12).value_or(10000.0);
    p.scaling = read_scaling(file, key + "scaling.type");
    // Files of Phi-3 and Phi-4-mini carry longrope's factors and no type.
    if (!file.has(key + "scaling.type") && file.find("rope_factors_long.weight") != nullptr)
        p.scaling = RopeScaling::longrope;
    p.factor = file.real(key + "scaling.factor", 1e-3, 1e6).value_or(1.0);
    if (!file.has(key + "scaling.type") && file.has(key + "scale_linear")) {  // files of 2023
        p.scaling = RopeScaling::linear;
        p.factor = file.real(key + "scale_linear", 1e-3, 1e6).value_or(1.0);
    }
    p.frequency_factors = read_factors(file, "rope_freqs.weight", p.dims / 2);
    if (p.scaling == RopeScaling::none || p.scaling == RopeScaling::linear) return p;
    // Where it is missing, nothing was extended: what the model was trained for is all there is.
    const auto original = file.integer(key + "scaling.original_context_length", 1, max_context);
    const bool needed = p.scaling != RopeScaling::dynamic;
    p.original_context =
        static_cast<double>(original ? *original
                                     : file.need_integer(needed ? key + "scaling.original_context_length"
                                                                : architecture + ".context_length",
                                                         1, max_context));
    p.attention_factor = file.real(key + "scaling.attn_factor", 1e-3, 1e3)
                             .value_or(file.real(key + "scaling.yarn_attn_factor", 1e-3, 1e3).value_or(1.0));
    p.beta_fast = file.real(key + "scaling.yarn_beta_fast", 1e-3, 1e6).value_or(32.0);
    p.beta_slow = file.real(key + "scaling.yarn_beta_slow", 1e-3, 1e6).value_or(1.0);
    p.log_multiplier = file.real(key + "scaling.yarn_log_multiplier", 0.0, 10.0).value_or(0.0);
    if (p.scaling == RopeScaling::longrope) read_longrope(file, architecture, p);
    return p;
}

}  // namespace lamina::model
