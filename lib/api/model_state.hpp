// What the public handles share.
#pragma once

#include <memory>
#include <optional>

#include "exec/executor.hpp"
#include "lamina/model.hpp"

namespace lamina {

struct LAMINA_LOCAL Model::State {
    ModelOptions options;  // every default resolved
    ModelInfo info;
    std::optional<Tokenizer> tokenizer;
    std::optional<ChatTemplate> chat_template;
    std::unique_ptr<exec::Executor> executor;
};

}  // namespace lamina
