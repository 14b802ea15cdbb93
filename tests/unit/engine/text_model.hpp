// A loaded model with random weights and a small vocabulary: the 256 bytes, a few merges and ChatML's control
// tokens.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "lamina/lamina.hpp"
#include "support/temporary_directory.hpp"
#include "support/tiny_model.hpp"
#include "unit/text/small_vocabulary.hpp"

namespace lamina::engine::test {

struct TextModel {
    static constexpr TokenId start = 262, end = 263;

    static Model load(ModelOptions options = {}, bool vocabulary = true) {
        lamina::test::TinyShape shape;
        shape.vocabulary = 264;
        lamina::test::TinyModel model(shape);
        if (vocabulary) add_vocabulary(model.writer);
        const lamina::test::TemporaryDirectory directory;
        const auto path = directory / "model.gguf";
        model.writer.write(path);
        options.load = LoadMode::read;
        if (options.backend.empty()) options.backend = "reference";
        if (options.context == ModelOptions{}.context) options.context = 128;
        return Model::load(path, options);
    }

    static void add_vocabulary(lamina::test::GgufWriter& writer) {
        auto data =
            small::byte_bpe({{"h", "e"}, {"l", "l"}, {"he", "ll"}, {"ll", "o"}, {" ", "w"}, {"hell", "o"}});
        small::add(data, "<|im_start|>", text::TokenKind::control);
        small::add(data, "<|im_end|>", text::TokenKind::control);
        std::vector<std::string> tokens;
        std::vector<std::int32_t> kinds;
        for (const auto& token : data.tokens)
            tokens.push_back(token.text), kinds.push_back(static_cast<std::int32_t>(token.kind));
        writer.set("tokenizer.ggml.model", "gpt2").set("tokenizer.ggml.pre", "gpt-2");
        writer.set("tokenizer.ggml.tokens", tokens).set("tokenizer.ggml.token_type", kinds);
        writer.set("tokenizer.ggml.merges", data.merges)
            .set("tokenizer.ggml.eos_token_id", std::uint32_t{end});
    }
};

// A callback that makes the model write these tokens, whatever it wanted.
inline auto write_tokens(std::vector<TokenId> tokens, std::size_t prompt) {
    return [tokens = std::move(tokens), prompt](std::span<float> logits, std::span<const TokenId> history) {
        for (float& x : logits) x = -std::numeric_limits<float>::infinity();
        logits[static_cast<std::size_t>(tokens.at(history.size() - prompt))] = 0;
    };
}

// All logits of a short text in a session of its own.
inline std::vector<float> logits_of(const Model& model) {
    Session session(model);
    const std::vector<TokenId> tokens = {1, 2, 3, 4, 5};
    const SequenceTokens items[] = {{session.open(), tokens, WantedLogits::all}};
    std::vector<float> out;
    session.forward(items, [&](std::size_t, std::size_t, std::span<const float> row) {
        out.insert(out.end(), row.begin(), row.end());
    });
    return out;
}

}  // namespace lamina::engine::test
