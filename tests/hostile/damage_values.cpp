// Damage to what a file says: types and values of its metadata.
#include <algorithm>
#include <array>
#include <limits>

#include "hostile/mutations.hpp"
#include "hostile/with.hpp"

namespace lamina::test::hostile {
namespace {

constexpr auto array_type = static_cast<std::uint32_t>(ValueType::array);
constexpr std::array<std::uint64_t, 13> scalar_bytes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

// A well-formed value of any type: a small number or a short text.
Bytes sample(std::uint32_t type, std::uint32_t count = 1) {
    Bytes out;
    if (type == array_type) {
        append(out, std::uint32_t{4});
        append(out, std::uint64_t{count});
        for (std::uint32_t i = 0; i < count; ++i) append(out, i + 1);
    } else if (type == static_cast<std::uint32_t>(ValueType::string)) {
        append_string(out, "text");
    } else if (type == static_cast<std::uint32_t>(ValueType::f32)) {
        append(out, 1.0f);
    } else if (type == static_cast<std::uint32_t>(ValueType::f64)) {
        append(out, 1.0);
    } else {
        out.resize(scalar_bytes.at(type));
        out.front() = std::byte{1};
    }
    return out;
}

Bytes sample_array(std::uint32_t element, std::uint32_t count) {
    Bytes out;
    append(out, element);
    append(out, std::uint64_t{count});
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto one = sample(element, 1);
        append_bytes(out, one.data(), one.size());
    }
    return out;
}

// The numbers of the source's own architecture, and keys that any may have.
std::vector<std::string> hyper_parameter_keys(const GgufWriter& source) {
    std::string prefix;
    for (const auto& pair : source.metadata()) {
        if (pair.key.ends_with(".block_count")) prefix = pair.key.substr(0, pair.key.find('.') + 1);
    }
    std::vector<std::string> out = {"general.alignment", "split.count", "split.no", "split.tensors.count"};
    for (const char* key : {"block_count",
                            "context_length",
                            "embedding_length",
                            "feed_forward_length",
                            "vocab_size",
                            "expert_count",
                            "attention.head_count",
                            "attention.head_count_kv",
                            "attention.key_length",
                            "attention.value_length",
                            "attention.layer_norm_rms_epsilon",
                            "attention.sliding_window",
                            "attention.sliding_window_pattern",
                            "attention.scale",
                            "attn_logit_softcapping",
                            "final_logit_softcapping",
                            "rope.dimension_count",
                            "rope.freq_base",
                            "rope.freq_base_swa",
                            "rope.scaling.type",
                            "rope.scaling.factor",
                            "rope.scale_linear",
                            "rope.scaling.attn_factor",
                            "rope.scaling.original_context_length",
                            "rope.scaling.yarn_beta_fast",
                            "rope.scaling.yarn_beta_slow"}) {
        out.push_back(prefix + key);
    }
    for (const auto& pair : source.metadata()) {
        const bool known = std::find(out.begin(), out.end(), pair.key) != out.end();
        if (pair.key.starts_with(prefix) && !known) out.push_back(pair.key);
    }
    return out;
}

const std::vector<std::uint64_t>& naturals() {
    static const std::vector<std::uint64_t> values = {0,
                                                      1,
                                                      2,
                                                      3,
                                                      4,
                                                      5,
                                                      7,
                                                      8,
                                                      15,
                                                      16,
                                                      17,
                                                      31,
                                                      32,
                                                      33,
                                                      63,
                                                      64,
                                                      65,
                                                      96,
                                                      127,
                                                      128,
                                                      255,
                                                      256,
                                                      257,
                                                      511,
                                                      512,
                                                      513,
                                                      4095,
                                                      4096,
                                                      4097,
                                                      16383,
                                                      16384,
                                                      16385,
                                                      65535,
                                                      65536,
                                                      1u << 20,
                                                      (1u << 20) + 1,
                                                      1u << 22,
                                                      1u << 24,
                                                      1u << 30,
                                                      (1u << 30) + 1,
                                                      (1u << 31) - 1,
                                                      1u << 31,
                                                      (1u << 31) + 1,
                                                      ~0u};
    return values;
}

const std::vector<double>& reals() {
    using limits = std::numeric_limits<float>;
    static const std::vector<double> values = {0,
                                               -0.0,
                                               1,
                                               -1,
                                               0.5,
                                               2,
                                               1e-3,
                                               1e-6,
                                               1e-30,
                                               1e-45,
                                               1e3,
                                               1e6,
                                               1e12,
                                               1e13,
                                               1e38,
                                               1e308,
                                               -1e308,
                                               static_cast<double>(limits::denorm_min()),
                                               static_cast<double>(limits::max()),
                                               std::numeric_limits<double>::infinity(),
                                               -std::numeric_limits<double>::infinity(),
                                               std::numeric_limits<double>::quiet_NaN()};
    return values;
}

void put_numbers(const GgufWriter& source, const std::string& key, const Emit& emit) {
    for (const auto value : naturals()) {
        emit(key + " = u32 " + std::to_string(value),
             [&] { return with(source, key, static_cast<std::uint32_t>(value)).bytes(); });
        emit(key + " = i32 " + std::to_string(static_cast<std::int32_t>(value)),
             [&] { return with(source, key, static_cast<std::int32_t>(value)).bytes(); });
    }
    for (const std::uint64_t value :
         {std::uint64_t{16}, (std::uint64_t{1} << 32) - 1, std::uint64_t{1} << 32,
          (std::uint64_t{1} << 32) + 16, (std::uint64_t{1} << 63) - 1, std::uint64_t{1} << 63,
          (std::uint64_t{1} << 63) + 1, ~std::uint64_t{0}}) {
        emit(key + " = u64 " + std::to_string(value), [&] { return with(source, key, value).bytes(); });
        const auto negative = static_cast<std::int64_t>(value);
        emit(key + " = i64 " + std::to_string(negative), [&] { return with(source, key, negative).bytes(); });
    }
    for (const double value : reals()) {
        emit(key + " = f32 " + std::to_string(value),
             [&] { return with(source, key, static_cast<float>(value)).bytes(); });
        emit(key + " = f64 " + std::to_string(value), [&] { return with(source, key, value).bytes(); });
    }
}

void put_arrays(const GgufWriter& source, const std::string& key, const Emit& emit) {
    for (const std::size_t size : {0u, 1u, 2u, 3u, 64u}) {
        for (const std::int64_t value :
             {std::int64_t{0}, std::int64_t{1}, std::int64_t{2}, std::int64_t{16}, std::int64_t{32},
              std::int64_t{-1}, std::int64_t{1} << 32, std::numeric_limits<std::int64_t>::max(),
              std::numeric_limits<std::int64_t>::min()}) {
            emit(key + " = " + std::to_string(size) + " times " + std::to_string(value),
                 [&] { return with(source, key, std::vector<std::int64_t>(size, value)).bytes(); });
        }
        emit(key + " = " + std::to_string(size) + " reals",
             [&] { return with(source, key, std::vector<double>(size, 1.0)).bytes(); });
        emit(key + " = " + std::to_string(size) + " booleans",
             [&] { return with(source, key, std::vector<bool>(size, true)).bytes(); });
        emit(key + " = " + std::to_string(size) + " texts",
             [&] { return with(source, key, std::vector<std::string>(size, "2")).bytes(); });
    }
}

}  // namespace

void other_types(const GgufWriter& source, const Emit& emit) {
    for (const auto& pair : source.metadata()) {
        for (std::uint32_t type = 0; type <= 14; ++type) {
            const auto what = pair.key + " as type " + std::to_string(type);
            if (type != pair.type)
                emit(what + ", the bytes kept",
                     [&] { return with(source, pair.key, type, pair.value).bytes(); });
            if (type <= 12) emit(what, [&] { return with(source, pair.key, type, sample(type)).bytes(); });
            for (const std::uint32_t count : {0u, 1u, 2u, 16u}) {
                if (type > 12) continue;
                emit(pair.key + " as array of " + std::to_string(count) + " of type " + std::to_string(type),
                     [&] { return with(source, pair.key, array_type, sample_array(type, count)).bytes(); });
            }
        }
    }
}

void hyper_parameters(const GgufWriter& source, const Emit& emit) {
    for (const auto& key : hyper_parameter_keys(source)) {
        put_numbers(source, key, emit);
        put_arrays(source, key, emit);
        for (const char* text : {"", "none", "linear", "yarn", "longrope", "1"})
            emit(key + " = '" + text + "'", [&] { return with(source, key, text).bytes(); });
        for (const bool value : {false, true})
            emit(key + " = a boolean", [&] { return with(source, key, value).bytes(); });
    }
    for (const char* name : {"", "llama", "gemma3", "gemma", "LLAMA", "llama\n", "..", "clip"})
        emit(std::string("architecture ") + name,
             [&] { return with(source, "general.architecture", name).bytes(); });
}

}  // namespace lamina::test::hostile
