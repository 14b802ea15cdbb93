#include "format/model_file.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace lamina::format {
namespace {

struct Describe {
    std::string operator()(bool v) const { return v ? "the boolean true" : "the boolean false"; }
    std::string operator()(std::int64_t v) const { return "the integer " + std::to_string(v); }
    std::string operator()(std::uint64_t v) const { return "the integer " + std::to_string(v); }
    std::string operator()(double v) const { return "the real number " + std::to_string(v); }
    std::string operator()(const std::string& v) const { return "the string '" + v.substr(0, 80) + "'"; }
    std::string operator()(const Integers& v) const { return array(v.size(), "integers"); }
    std::string operator()(const Reals& v) const { return array(v.size(), "real numbers"); }
    std::string operator()(const Strings& v) const { return array(v.size(), "strings"); }
    static std::string array(std::size_t size, const char* of) {
        return "an array of " + std::to_string(size) + " " + of;
    }
};

// The value under `key` as a T; nullptr where the key is missing.
template <class T>
const T* typed(const ModelFile& model, std::string_view key, const char* expected) {
    const auto at = model.metadata.find(key);
    if (at == model.metadata.end()) return nullptr;
    const T* value = std::get_if<T>(&at->second);
    if (value == nullptr)
        model.errors().fail(ErrorCode::bad_file, key, expected, std::visit(Describe{}, at->second));
    return value;
}

std::string integer_range(std::uint64_t low, std::uint64_t high) {
    return "an integer from " + std::to_string(low) + " to " + std::to_string(high);
}

std::string real_range(double low, double high) {
    return "a real number from " + std::to_string(low) + " to " + std::to_string(high);
}

constexpr const char* no_such_key = "no such key";

}  // namespace

Errors ModelFile::errors() const {
    return {"model", files.empty() ? std::string_view{} : std::string_view(path())};
}

void ModelFile::index() {
    std::vector<std::size_t> order(tensors.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(),
              [this](std::size_t a, std::size_t b) { return tensors[a].name < tensors[b].name; });
    for (std::size_t i = 1; i < order.size(); ++i) {
        const Tensor& tensor = tensors[order[i]];
        if (tensor.name != tensors[order[i - 1]].name) continue;
        errors().fail(ErrorCode::bad_file, tensor.name, "one tensor of this name", "two or more");
    }
    by_name_ = std::move(order);
}

const Tensor* ModelFile::find(std::string_view name) const {
    const auto at =
        std::lower_bound(by_name_.begin(), by_name_.end(), name,
                         [this](std::size_t i, std::string_view n) { return tensors[i].name < n; });
    if (at == by_name_.end() || tensors[*at].name != name) return nullptr;
    return &tensors[*at];
}

std::optional<std::uint64_t> ModelFile::integer(std::string_view key, std::uint64_t low,
                                                std::uint64_t high) const {
    const auto at = metadata.find(key);
    if (at == metadata.end()) return std::nullopt;
    std::optional<std::uint64_t> value;
    if (const auto* u = std::get_if<std::uint64_t>(&at->second)) value = *u;
    if (const auto* i = std::get_if<std::int64_t>(&at->second); i != nullptr && *i >= 0) {
        value = static_cast<std::uint64_t>(*i);
    }
    if (!value || *value < low || *value > high) {
        errors().fail(ErrorCode::bad_file, key, integer_range(low, high), std::visit(Describe{}, at->second));
    }
    return value;
}

std::optional<double> ModelFile::real(std::string_view key, double low, double high) const {
    const auto* value = typed<double>(*this, key, "a real number");
    if (value == nullptr) return std::nullopt;
    // Written so that NaN fails too.
    if (!(std::isfinite(*value) && *value >= low && *value <= high)) {
        errors().fail(ErrorCode::bad_file, key, real_range(low, high), Describe{}(*value));
    }
    return *value;
}

std::optional<bool> ModelFile::boolean(std::string_view key) const {
    const auto* value = typed<bool>(*this, key, "a boolean");
    return value != nullptr ? std::optional<bool>(*value) : std::nullopt;
}

std::optional<std::string> ModelFile::string(std::string_view key) const {
    const auto* value = typed<std::string>(*this, key, "a string");
    return value != nullptr ? std::optional<std::string>(*value) : std::nullopt;
}

const Strings* ModelFile::strings(std::string_view key) const {
    return typed<Strings>(*this, key, "an array of strings");
}

const Integers* ModelFile::integers(std::string_view key) const {
    return typed<Integers>(*this, key, "an array of integers");
}

const Reals* ModelFile::reals(std::string_view key) const {
    return typed<Reals>(*this, key, "an array of real numbers");
}

std::uint64_t ModelFile::need_integer(std::string_view key, std::uint64_t low, std::uint64_t high) const {
    const auto value = integer(key, low, high);
    if (!value) errors().fail(ErrorCode::bad_file, key, integer_range(low, high), no_such_key);
    return *value;
}

double ModelFile::need_real(std::string_view key, double low, double high) const {
    const auto value = real(key, low, high);
    if (!value) errors().fail(ErrorCode::bad_file, key, real_range(low, high), no_such_key);
    return *value;
}

std::string ModelFile::need_string(std::string_view key) const {
    auto value = string(key);
    if (!value) errors().fail(ErrorCode::bad_file, key, "a string", no_such_key);
    return std::move(*value);
}

}  // namespace lamina::format
