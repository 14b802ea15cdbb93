// A file's keys and tensors as one architecture names them, checked.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "format/model_file.hpp"
#include "model/architecture.hpp"

namespace lamina::model {

inline constexpr std::uint64_t max_layers = 4096, max_hidden_size = 1u << 20, max_heads = 1u << 14,
                               max_head_dim = 1u << 14, max_width = 1u << 24, max_experts = 1u << 13;

// What a tensor does in a network, and in which layer: "blk.3.attn_q" in a GGUF file is {3, "attn_q"}. The
// one place where such names are put together; none is taken apart.
struct Place {
    std::uint32_t layer = no_layer;
    std::string role = {};

    Place operator+(std::string_view end) const { return {layer, role + std::string(end)}; }
    std::string name(std::string_view suffix) const;  // "blk.3.attn_q.weight"
};
inline constexpr std::string_view weight_suffix = ".weight", bias_suffix = ".bias";

class FileReader {
  public:
    FileReader(const format::ModelFile& file, const Architecture& row)
        : file_(file), prefix_(std::string(row.name) + "."), centered_norms_(row.layer_norm) {}

    const format::ModelFile& file() const { return file_; }
    Errors errors() const { return file_.errors(); }

    // Keys below the architecture's name. Missing, of another type or outside [low, high]: bad_file.
    // `otherwise` is for missing ones and may lie outside.
    std::string key(std::string_view suffix) const { return prefix_ + std::string(suffix); }
    bool has(std::string_view suffix) const { return file_.has(key(suffix)); }
    std::uint32_t integer(std::string_view suffix, std::uint64_t low, std::uint64_t high) const;
    std::uint32_t integer_or(std::string_view suffix, std::uint64_t low, std::uint64_t high,
                             std::uint32_t otherwise) const;
    float real_or(std::string_view suffix, double low, double high, double otherwise) const;
    // A number that some files give once and others for each layer.
    std::uint32_t per_layer(std::string_view suffix, std::uint32_t layer, std::uint64_t low,
                            std::uint64_t high) const;

    // Tensors: [matrices, rows, columns], [rows, columns] where there is one matrix. Missing ones are
    // bad_file, or empty where they are optional; another shape is bad_file, another kind of type
    // unsupported.
    bool has_tensor(const Place& place) const { return file_.find(place.name(weight_suffix)) != nullptr; }
    const format::Tensor& tensor(const Place& place) const;
    WeightRef optional_matrix(const Place& place, std::uint64_t rows, std::uint64_t columns,
                              std::uint64_t matrices = 1) const;
    WeightRef matrix(const Place& place, std::uint64_t rows, std::uint64_t columns,
                     std::uint64_t matrices = 1) const;
    // [size], or [matrices, size / matrices]; f32, f16 or bf16.
    WeightRef optional_vector(const Place& place, std::string_view suffix, std::uint64_t size,
                              std::uint64_t matrices = 1) const;
    // A weight and, where the file has it, a bias.
    LinearRef linear(const Place& place, std::uint64_t rows, std::uint64_t columns,
                     std::uint64_t matrices = 1) const;
    // `heads` > 1: weights [heads, size / heads].
    NormRef optional_norm(const Place& place, std::uint64_t size, std::uint64_t heads = 1) const;
    NormRef norm(const Place& place, std::uint64_t size) const;

    // Tensors of layers and of the output that nothing has read would be left out of the computation without
    // a word: throws unsupported, naming the first.
    void refuse_unread() const;

  private:
    WeightRef find(const Place& place, std::string_view suffix) const;  // and remembers that it was read

    const format::ModelFile& file_;
    std::string prefix_;
    bool centered_norms_;
    mutable std::set<const format::Tensor*> read_;
};

// Rows [first, first + rows) of a matrix and the same part of its bias, in a role of their own.
LinearRef slice(const LinearRef& fused, std::uint64_t first, std::uint64_t rows, std::string_view role);

// read_attention.cpp, read_feed_forward.cpp: the parts of a layer. `config` has its widths and ropes.
void read_attention(const FileReader& reader, const Architecture& row, const Config& config,
                    std::uint32_t layer, AttentionConfig& attention, AttentionWeights& weights);
void read_feed_forward(const FileReader& reader, const Architecture& row, const Config& config,
                       std::uint32_t layer, FeedForwardConfig& feed_forward, FeedForwardWeights& weights);
// Width of a head that positions turn, before any layer is read.
std::uint32_t rope_head_dim(const FileReader& reader, const Config& config);

}  // namespace lamina::model
