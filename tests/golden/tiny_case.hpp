// The tiny references: models of every architecture with random weights, and logits that an independent
// implementation computed from them.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "lamina/lamina.hpp"

namespace lamina::test {

inline const std::string tiny_folder = LAMINA_TEST_DATA "/tiny/";
inline const std::vector<std::string> tiny_models{
    "llama",    "llama31",  "mistral",    "mixtral", "qwen2",     "qwen2moe",    "qwen3",
    "qwen3moe", "gemma2",   "gemma3",     "phi3",    "deepseek2", "gptoss",      "olmo2",
    "granite",  "commandr", "starcoder2", "smollm3", "stablelm",  "stablelm12b", "internlm2"};

struct TinyReference {
    explicit TinyReference(const std::string& name) {
        const auto file = TensorFile::read(tiny_folder + name + ".ref.safetensors");
        tokens = file.i32("tokens");
        logits = file.f32("logits");
        rows = file.shape("tokens")[0], length = file.shape("tokens")[1];
        vocabulary = file.shape("logits")[2];
    }
    std::span<const TokenId> row(std::uint64_t r) const {
        return std::span(tokens).subspan(r * length, length);
    }

    std::vector<TokenId> tokens;  // [rows, length]
    std::vector<float> logits;    // [rows, length, vocabulary]
    std::uint64_t rows = 0, length = 0, vocabulary = 0;
};

// Logits [rows, length, vocabulary] of the model at `path`: every row is a sequence, fed `step` tokens at a
// time.
inline std::vector<float> tiny_logits(const std::string& path, const TinyReference& reference,
                                      ModelOptions options, std::uint64_t step = ~std::uint64_t{0}) {
    options.sequences = static_cast<std::uint32_t>(reference.rows);
    const auto model = Model::load(path, options);
    Session session(model);
    std::vector<SequenceId> sequences;
    for (std::uint64_t r = 0; r < reference.rows; ++r) sequences.push_back(session.open());
    std::vector<float> out(reference.logits.size());
    for (std::uint64_t first = 0; first < reference.length;) {
        const auto count = std::min(step, reference.length - first);
        std::vector<SequenceTokens> items;
        for (std::uint64_t r = 0; r < reference.rows; ++r)
            items.push_back({sequences[r], reference.row(r).subspan(first, count), WantedLogits::all});
        session.forward(items, [&](std::size_t item, std::size_t token, std::span<const float> logits) {
            const auto at = (item * reference.length + first + token) * reference.vocabulary;
            std::copy(logits.begin(), logits.end(), out.begin() + static_cast<std::ptrdiff_t>(at));
        });
        first += count;
    }
    return out;
}

// ||a - b|| / ||b||
inline double distance(const std::vector<float>& a, const std::vector<float>& b) {
    if (a.size() != b.size()) return INFINITY;
    double difference = 0, size = 0;
    for (std::size_t i = 0; i < b.size(); ++i) {
        difference += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
        size += std::pow(static_cast<double>(b[i]), 2);
    }
    return std::sqrt(difference / size);
}

}  // namespace lamina::test
