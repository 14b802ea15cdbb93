/// @file
/// lamina: large language models on whatever the machine has. This header brings the whole C++ API.
#pragma once

#include "lamina/chat.hpp"
#include "lamina/device.hpp"
#include "lamina/embedding.hpp"
#include "lamina/engine.hpp"
#include "lamina/error.hpp"
#include "lamina/log.hpp"
#include "lamina/model.hpp"
#include "lamina/plan.hpp"
#include "lamina/sampling.hpp"
#include "lamina/session.hpp"
#include "lamina/tensor_file.hpp"
#include "lamina/threads.hpp"
#include "lamina/tokenizer.hpp"
#include "lamina/version.hpp"

/// The C++ API.
namespace lamina {}
