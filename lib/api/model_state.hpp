// What the public handles share.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "exec/executor.hpp"
#include "lamina/model.hpp"

namespace lamina {

struct Model::State {
    ModelOptions options;  // every default settled
    ModelInfo info;
    std::optional<Tokenizer> tokenizer;
    std::optional<ChatTemplate> chat_template;
    std::unique_ptr<exec::Executor> executor;
    std::mutex mutex;  // held around every use of the executor
};

}  // namespace lamina
