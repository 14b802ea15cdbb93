#include "model/file_reader.hpp"

#include <string_view>

#include "format/extent.hpp"
#include "quant/decode.hpp"

namespace lamina::model {
namespace {

using Shape = std::vector<std::uint64_t>;
using format::to_text;

// Of the names of what lies in a layer.
constexpr std::string_view block_prefix = "blk.";

}  // namespace

std::string Place::name(std::string_view suffix) const {
    const std::string block =
        layer == no_layer ? "" : std::string(block_prefix) + std::to_string(layer) + ".";
    return block + role + std::string(suffix);
}

std::uint32_t FileReader::integer(std::string_view suffix, std::uint64_t low, std::uint64_t high) const {
    return static_cast<std::uint32_t>(file_.need_integer(key(suffix), low, high));
}

std::uint32_t FileReader::integer_or(std::string_view suffix, std::uint64_t low, std::uint64_t high,
                                     std::uint32_t otherwise) const {
    return static_cast<std::uint32_t>(file_.integer(key(suffix), low, high).value_or(otherwise));
}

float FileReader::real_or(std::string_view suffix, double low, double high, double otherwise) const {
    return static_cast<float>(file_.real(key(suffix), low, high).value_or(otherwise));
}

std::uint32_t FileReader::per_layer(std::string_view suffix, std::uint32_t layer, std::uint64_t low,
                                    std::uint64_t high) const {
    const auto name = key(suffix);
    const auto found = file_.metadata.find(name);
    if (found == file_.metadata.end() || !std::holds_alternative<format::Integers>(found->second))
        return integer(suffix, low, high);
    const auto& values = std::get<format::Integers>(found->second);
    if (layer >= values.size())
        errors().fail(ErrorCode::bad_file, name, "a value for layer " + std::to_string(layer),
                      std::to_string(values.size()) + " values");
    const auto value = values[layer];
    if (value < 0 || static_cast<std::uint64_t>(value) < low || static_cast<std::uint64_t>(value) > high) {
        errors().fail(ErrorCode::bad_file, name, std::to_string(low) + ".." + std::to_string(high),
                      std::to_string(value));
    }
    return static_cast<std::uint32_t>(value);
}

WeightRef FileReader::find(const Place& place, std::string_view suffix) const {
    const auto* tensor = file_.find(place.name(suffix));
    if (!tensor) return {};
    read_.insert(tensor);
    return {.tensor = tensor,
            .index = static_cast<std::size_t>(tensor - file_.tensors.data()),
            .layer = place.layer,
            .role = place.role};
}

void FileReader::refuse_unread() const {
    for (const auto& tensor : file_.tensors) {
        const std::string_view name = tensor.name;
        const bool computes = name.starts_with(block_prefix) || name.starts_with("output");
        // Latent attention in both of its forms: the other one is computed.
        if (!computes || read_.contains(&tensor) || name.find(".attn_kv_b.") != name.npos) continue;
        errors().fail(ErrorCode::unsupported, tensor.name, "tensors that this architecture computes with",
                      "one more");
    }
}

const format::Tensor& FileReader::tensor(const Place& place) const {
    const auto name = place.name(weight_suffix);
    const auto* tensor = file_.find(name);
    if (!tensor) errors().fail(ErrorCode::bad_file, name, "the tensor in the file", "no tensor of this name");
    return *tensor;
}

WeightRef FileReader::optional_matrix(const Place& place, std::uint64_t rows, std::uint64_t columns,
                                      std::uint64_t matrices) const {
    auto ref = find(place, weight_suffix);
    if (!ref) return {};
    const auto& tensor = *ref.tensor;
    const Shape wanted = matrices > 1 ? Shape{matrices, rows, columns} : Shape{rows, columns};
    if (tensor.shape != wanted && tensor.shape != Shape{matrices, rows, columns})
        errors().fail(ErrorCode::bad_file, tensor.name, to_text(wanted), to_text(tensor.shape));
    if (!quant::is_weight_type(tensor.type))
        errors().fail(ErrorCode::unsupported, tensor.name, "a weight type", info(tensor.type).name);
    ref.matrices = matrices;
    ref.rows = rows;
    ref.columns = columns;
    return ref;
}

WeightRef FileReader::matrix(const Place& place, std::uint64_t rows, std::uint64_t columns,
                             std::uint64_t matrices) const {
    tensor(place);
    return optional_matrix(place, rows, columns, matrices);
}

WeightRef FileReader::optional_vector(const Place& place, std::string_view suffix, std::uint64_t size,
                                      std::uint64_t matrices) const {
    auto ref = find(place, suffix);
    if (!ref) return {};
    const auto& tensor = *ref.tensor;
    const Shape wanted = matrices > 1 ? Shape{matrices, size / matrices} : Shape{size};
    if (tensor.shape != wanted)
        errors().fail(ErrorCode::bad_file, tensor.name, to_text(wanted), to_text(tensor.shape));
    if (!is_float(tensor.type))
        errors().fail(ErrorCode::unsupported, tensor.name, "f32, f16 or bf16", info(tensor.type).name);
    ref.rows = 1;
    ref.columns = size;
    return ref;
}

LinearRef FileReader::linear(const Place& place, std::uint64_t rows, std::uint64_t columns,
                             std::uint64_t matrices) const {
    return {matrix(place, rows, columns, matrices),
            optional_vector(place, bias_suffix, rows * matrices, matrices)};
}

NormRef FileReader::optional_norm(const Place& place, std::uint64_t size, std::uint64_t heads) const {
    const auto weight = optional_vector(place, weight_suffix, size, heads);
    // Root mean square norms have none: a bias stays unread.
    return {weight, centered_norms_ ? optional_vector(place, bias_suffix, size, heads) : WeightRef{}};
}

NormRef FileReader::norm(const Place& place, std::uint64_t size) const {
    tensor(place);
    return optional_norm(place, size);
}

LinearRef slice(const LinearRef& fused, std::uint64_t first, std::uint64_t rows, std::string_view role) {
    LinearRef part = fused;
    part.weight.role = role;
    part.weight.first_element += first * fused.weight.columns;
    part.weight.rows = rows;
    if (part.bias) {
        part.bias.role = role;
        part.bias.first_element += first;
        part.bias.columns = rows;
    }
    return part;
}

}  // namespace lamina::model
