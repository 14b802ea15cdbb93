// What the public handles share.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "cache/prefix_cache.hpp"
#include "exec/executor.hpp"
#include "lamina/model.hpp"

namespace lamina {

struct LAMINA_LOCAL Model::State {
    ModelOptions options;  // every default settled
    ModelInfo info;
    std::optional<Tokenizer> tokenizer;
    std::optional<ChatTemplate> chat_template;
    std::unique_ptr<exec::Executor> executor;
    std::optional<cache::PrefixCache> prefixes;  // over the executor's sequences
    std::mutex mutex;                            // held around every use of the executor and of prefixes
};

}  // namespace lamina
