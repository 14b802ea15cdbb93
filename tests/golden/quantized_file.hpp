// Model files made from others by changing the type of their matrices.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "format/model_file.hpp"
#include "quant/decode.hpp"
#include "support/gguf_writer.hpp"

namespace lamina::test {

inline void copy_metadata(const format::ModelFile& from, GgufWriter& to) {
    for (const auto& [key, value] : from.metadata)
        std::visit([&, &name = key](const auto& v) { to.set(name, v); }, value);
}

// Matrices become `type`; vectors and the routers of experts stay as they are, as in published files.
inline void write_quantized(const std::string& from, DType type, const std::string& to) {
    const auto file = format::open_model(from, FileAccess::map);
    GgufWriter writer;
    copy_metadata(file, writer);
    for (const auto& tensor : file.tensors) {
        Bytes bytes(tensor.bytes.begin(), tensor.bytes.end());
        DType as = tensor.type;
        if (tensor.type == DType::f16 && tensor.shape.size() > 1 && tensor.columns() % 32 == 0) {
            std::vector<float> values(tensor.elements());
            quant::decode(tensor.type, tensor.bytes.data(), values.size(), values.data());
            bytes.assign(row_bytes(type, values.size()), std::byte{});
            quant::encode(type, values.data(), values.size(), bytes.data());
            as = type;
        }
        writer.tensor(tensor.name, as, tensor.shape, std::move(bytes));
    }
    writer.write(to);
}

}  // namespace lamina::test
