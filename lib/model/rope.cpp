#include "model/rope.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "lamina/error.hpp"
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
    const double low = std::max(std::floor(pair_of_turns(p, p.beta_fast)), 0.0);
    const double high = std::min(std::ceil(pair_of_turns(p, p.beta_slow)), p.dims - 1.0);
    const double ramp = std::clamp((pair - low) / std::max(high - low, 0.001), 0.0, 1.0);
    return frequency / p.factor * ramp + frequency * (1.0 - ramp);
}

RopeScaling read_scaling(const format::ModelFile& file, const std::string& key) {
    const auto type = file.string(key).value_or("none");
    if (type == "none") return RopeScaling::none;
    if (type == "linear") return RopeScaling::linear;
    if (type == "yarn") return RopeScaling::yarn;
    throw Error(ErrorCode::unsupported, ErrorDetails{.area = "model",
                                                     .file = file.path(),
                                                     .subject = key,
                                                     .expected = "none, linear or yarn",
                                                     .found = type});
}

std::vector<float> read_frequency_factors(const format::ModelFile& file, std::uint32_t pairs) {
    const auto* tensor = file.find("rope_freqs.weight");
    if (!tensor) return {};
    const auto fail = [&](std::string expected, std::string found) {
        throw Error(ErrorCode::bad_file, ErrorDetails{.area = "model",
                                                      .file = file.path(),
                                                      .subject = tensor->name,
                                                      .expected = std::move(expected),
                                                      .found = std::move(found)});
    };
    if (tensor->type != DType::f32) fail("type f32", std::string(info(tensor->type).name));
    if (tensor->elements() != pairs)
        fail(std::to_string(pairs) + " values", std::to_string(tensor->elements()));
    std::vector<float> factors(pairs);
    quant::decode(DType::f32, tensor->bytes.data(), pairs, factors.data());
    for (float f : factors) {
        if (!(f > 0) || !std::isfinite(f)) fail("positive factors", std::to_string(f));
    }
    return factors;
}

}  // namespace

RopeTable make_rope(const RopeParameters& p, RopePairing pairing) {
    RopeTable table;
    table.pairing = pairing;
    for (std::uint32_t i = 0; i < p.dims / 2; ++i) {
        double frequency = std::pow(p.base, -2.0 * i / p.dims);
        if (!p.frequency_factors.empty()) frequency /= static_cast<double>(p.frequency_factors[i]);
        if (p.scaling == RopeScaling::linear) frequency /= p.factor;
        if (p.scaling == RopeScaling::yarn) frequency = yarn_frequency(p, i, frequency);
        table.inverse_frequencies.push_back(static_cast<float>(frequency));
    }
    if (p.scaling == RopeScaling::yarn) {
        table.magnitude = static_cast<float>(p.attention_factor * (1.0 + 0.1 * std::log(p.factor)));
    }
    return table;
}

RopeParameters read_rope(const format::ModelFile& file, const std::string& architecture,
                         std::uint32_t key_dim) {
    const std::string key = architecture + ".rope.";
    RopeParameters p;
    p.dims = static_cast<std::uint32_t>(file.integer(key + "dimension_count", 2, key_dim).value_or(key_dim));
    if (p.dims % 2 != 0) {
        throw Error(ErrorCode::bad_file, ErrorDetails{.area = "model",
                                                      .file = file.path(),
                                                      .subject = key + "dimension_count",
                                                      .expected = "an even number",
                                                      .found = std::to_string(p.dims)});
    }
    p.base = file.real(key + "freq_base", 1.0 + 1e-6, 1e12).value_or(10000.0);
    p.scaling = read_scaling(file, key + "scaling.type");
    p.factor = file.real(key + "scaling.factor", 1e-3, 1e6).value_or(1.0);
    if (!file.has(key + "scaling.type") && file.has(key + "scale_linear")) {  // files of 2023
        p.scaling = RopeScaling::linear;
        p.factor = file.real(key + "scale_linear", 1e-3, 1e6).value_or(1.0);
    }
    if (p.scaling == RopeScaling::yarn) {
        p.original_context =
            static_cast<double>(file.need_integer(key + "scaling.original_context_length", 1, 1u << 30));
        p.attention_factor = file.real(key + "scaling.attn_factor", 1e-3, 1e3).value_or(1.0);
        p.beta_fast = file.real(key + "scaling.yarn_beta_fast", 1e-3, 1e6).value_or(32.0);
        p.beta_slow = file.real(key + "scaling.yarn_beta_slow", 1e-3, 1e6).value_or(1.0);
    }
    p.frequency_factors = read_frequency_factors(file, p.dims / 2);
    return p;
}

}  // namespace lamina::model
