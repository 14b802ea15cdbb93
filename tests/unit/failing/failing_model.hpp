// A tiny model with all that a file can carry: a vocabulary, a chat template, windowed and full attention.
#pragma once

#include <string>
#include <vector>

#include "api/model_state.hpp"
#include "lamina/lamina.hpp"
#include "support/temporary_directory.hpp"
#include "support/tiny_model.hpp"
#include "unit/engine/text_model.hpp"

namespace lamina::test {

inline constexpr const char* chat_template =
    "{% for m in messages %}<|im_start|>{{ m.role | upper }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

class FailingModel {
  public:
    explicit FailingModel(DType type = DType::q8_0) {
        TinyShape shape;
        shape.vocabulary = 264;
        shape.architecture = "gemma3";
        shape.window = 40;
        shape.embedding = 32;
        shape.feed_forward = 32;
        shape.heads = 2;
        shape.kv_heads = 1;
        shape.type = type;
        model.emplace(shape);
        engine::test::TextModel::add_vocabulary(model->writer);
        model->writer.set("tokenizer.chat_template", chat_template);
        path = directory / "model.gguf";
        model->writer.write(path);
    }

    // On one thread, which needs no pool, unless it says otherwise.
    static ModelOptions options(const std::string& backend, LoadMode load = LoadMode::map, int threads = 1) {
        ModelOptions out;
        out.context = 128;
        out.sequences = 2;
        out.batch_tokens = 32;
        out.backend = backend;
        out.threads = threads;
        out.load = load;
        return out;
    }

    TemporaryDirectory directory;
    std::optional<TinyModel> model;
    std::string path;
};

inline const std::vector<std::string> backends{"cpu", "reference"};

// The logits of the last of a few tokens, twice: all at once, then one more.
inline std::vector<float> some_logits(const Model& model) {
    static const std::vector<TokenId> tokens{104, 101, 108, 108, 111, 32, 119, 111, 114, 108, 100};
    std::vector<float> out;
    out.reserve(600);
    Session session(model);
    const auto id = session.open();
    for (const auto part : {std::span(tokens).first(10), std::span(tokens).subspan(10)}) {
        const SequenceTokens item{id, part, WantedLogits::last};
        session.forward({&item, 1}, [&](std::size_t, std::size_t, std::span<const float> row) {
            out.insert(out.end(), row.begin(), row.end());
        });
    }
    return out;
}

// Every page of every group is free once what is parked has been let go of, and every sequence can be opened.
inline bool conserves_pages(const Model& model) {
    auto& executor = *model.state()->executor;
    const auto lease = executor.lease();
    lease.prefixes().clear();
    auto& sequences = lease.sequences();
    const auto& caches = executor.plan().program.caches;
    for (std::size_t g = 0; g < caches.size(); ++g) {
        if (sequences.free_pages(g) != caches[g].pages) return false;
    }
    std::vector<SequenceId> open;
    while (const auto id = sequences.try_open()) open.push_back(*id);
    for (const auto id : open) sequences.close(id);
    return open.size() == model.plan().sequences;
}

}  // namespace lamina::test
