#include "model/file_reader.hpp"

#include <string_view>
#include <utility>

#include "quant/decode.hpp"

namespace lamina::model {
namespace {

using Shape = std::vector<std::uint64_t>;

std::string text(const Shape& shape) {
    std::string out = "[";
    for (auto d : shape) out += (out.size() > 1 ? ", " : "") + std::to_string(d);
    return out + "]";
}

}  // namespace

void FileReader::fail(ErrorCode code, std::string subject, std::string expected, std::string found) const {
    throw Error(code, ErrorDetails{.area = "model",
                                   .file = file_.path(),
                                   .subject = std::move(subject),
                                   .expected = std::move(expected),
                                   .found = std::move(found)});
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
        fail(ErrorCode::bad_file, name, "a value for layer " + std::to_string(layer),
             std::to_string(values.size()) + " values");
    const auto value = values[layer];
    if (value < 0 || static_cast<std::uint64_t>(value) < low || static_cast<std::uint64_t>(value) > high) {
        fail(ErrorCode::bad_file, name, std::to_string(low) + ".." + std::to_string(high),
             std::to_string(value));
    }
    return static_cast<std::uint32_t>(value);
}

const format::Tensor* FileReader::find(const std::string& name) const {
    const auto* tensor = file_.find(name);
    if (tensor) read_.insert(tensor);
    return tensor;
}

void FileReader::refuse_unread() const {
    for (const auto& tensor : file_.tensors) {
        const std::string_view name = tensor.name;
        const bool computes = name.starts_with("blk.") || name.starts_with("output");
        // Latent attention in both of its forms: the other one is computed.
        if (!computes || read_.contains(&tensor) || name.find(".attn_kv_b.") != name.npos) continue;
        fail(ErrorCode::unsupported, tensor.name, "tensors that this architecture computes with", "one more");
    }
}

const format::Tensor& FileReader::tensor(const std::string& name) const {
    const auto* tensor = file_.find(name);
    if (!tensor) fail(ErrorCode::bad_file, name, "the tensor in the file", "no tensor of this name");
    return *tensor;
}

WeightRef FileReader::optional_matrix(const std::string& name, std::uint64_t rows, std::uint64_t columns,
                                      std::uint64_t matrices) const {
    const auto* tensor = find(name);
    if (!tensor) return {};
    const Shape wanted = matrices > 1 ? Shape{matrices, rows, columns} : Shape{rows, columns};
    if (tensor->shape != wanted && tensor->shape != Shape{matrices, rows, columns})
        fail(ErrorCode::bad_file, name, text(wanted), text(tensor->shape));
    if (!quant::is_weight_type(tensor->type))
        fail(ErrorCode::unsupported, name, "a weight type", std::string(info(tensor->type).name));
    return {.tensor = tensor, .matrices = matrices, .rows = rows, .columns = columns};
}

WeightRef FileReader::matrix(const std::string& name, std::uint64_t rows, std::uint64_t columns,
                             std::uint64_t matrices) const {
    tensor(name);
    return optional_matrix(name, rows, columns, matrices);
}

WeightRef FileReader::optional_vector(const std::string& name, std::uint64_t size,
                                      std::uint64_t matrices) const {
    const auto* tensor = find(name);
    if (!tensor) return {};
    const Shape wanted = matrices > 1 ? Shape{matrices, size / matrices} : Shape{size};
    if (tensor->shape != wanted) fail(ErrorCode::bad_file, name, text(wanted), text(tensor->shape));
    if (!is_float(tensor->type))
        fail(ErrorCode::unsupported, name, "f32, f16 or bf16", std::string(info(tensor->type).name));
    return {.tensor = tensor, .rows = 1, .columns = size};
}

WeightRef FileReader::vector(const std::string& name, std::uint64_t size) const {
    tensor(name);
    return optional_vector(name, size);
}

LinearRef FileReader::linear(const std::string& name, std::uint64_t rows, std::uint64_t columns,
                             std::uint64_t matrices) const {
    return {matrix(name + ".weight", rows, columns, matrices),
            optional_vector(name + ".bias", rows * matrices, matrices)};
}

NormRef FileReader::optional_norm(const std::string& name, std::uint64_t size, std::uint64_t heads) const {
    const auto weight = optional_vector(name + ".weight", size, heads);
    // Root mean square norms have none: a bias stays unread.
    return {weight, centered_norms_ ? optional_vector(name + ".bias", size, heads) : WeightRef{}};
}

NormRef FileReader::norm(const std::string& name, std::uint64_t size) const {
    tensor(name + ".weight");
    return optional_norm(name, size);
}

LinearRef slice(const LinearRef& fused, std::uint64_t first, std::uint64_t rows) {
    LinearRef part = fused;
    part.weight.first_element += first * fused.weight.columns;
    part.weight.rows = rows;
    if (part.bias) {
        part.bias.first_element += first;
        part.bias.columns = rows;
    }
    return part;
}

}  // namespace lamina::model
