// What C callers describe, in C++.
#pragma once

#include <cstddef>
#include <vector>

#include "api/c/call.hpp"
#include "lamina/c/chat.h"
#include "lamina/c/model_options.h"
#include "lamina/c/request.h"
#include "lamina/c/sampling.h"
#include "lamina/chat.hpp"
#include "lamina/engine.hpp"
#include "lamina/model.hpp"
#include "lamina/sampling.hpp"

namespace lamina::c_api {

// `given` may be null: the defaults. All of them check every pointer, and leave ranges to the C++ API.
lamina_model_options read_options(const Call& c, const lamina_model_options* given);
ModelOptions model_options(const Call& c, const lamina_model_options& options);
RenderOptions render_options(const Call& c, const lamina_render_options* given);
SamplingParams sampling_params(const Call& c, const lamina_sampling_params* given);
Request request(const Call& c, const lamina_request* given);

std::vector<Message> messages(const Call& c, const lamina_message* given, std::size_t count);

}  // namespace lamina::c_api
