// The opaque types of the C API.
#pragma once

#include <memory>
#include <vector>

#include "api/c/views.hpp"
#include "lamina/c/engine.h"
#include "lamina/c/session.h"
#include "lamina/c/tensor_file.h"
#include "lamina/chat.hpp"
#include "lamina/engine.hpp"
#include "lamina/model.hpp"
#include "lamina/session.hpp"
#include "lamina/tensor_file.hpp"
#include "lamina/tokenizer.hpp"

namespace lamina::c_api {

// What is borrowed from a model.
struct ModelViews : Fixed {
    // `given`: the options that it was loaded with.
    ModelViews(const Model& model, const lamina_model_options& given);
    const ModelInfoView info;
    const PlanView plan;
    const ModelOptions resolved;
    std::vector<const char*> devices;
    lamina_model_options options;
};

}  // namespace lamina::c_api

struct lamina_tokenizer {
    lamina::Tokenizer value;
};

struct lamina_detokenizer {
    lamina::Detokenizer value;
};

struct lamina_chat_template {
    lamina::ChatTemplate value;
};

struct lamina_model {
    lamina::Model value;
    std::shared_ptr<const lamina::c_api::ModelViews> views;
};

struct lamina_session {
    lamina::Session value;
};

struct lamina_answer {
    lamina::Answer value;
};

struct lamina_engine {
    lamina::Engine value;
};

struct lamina_tensor_file {
    lamina::TensorFile value;
};
