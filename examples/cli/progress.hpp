// How far loading is.
#pragma once

#include "lamina/model.hpp"

namespace lamina::cli {

// A bar on standard error while a model loads, if that is a terminal. Ctrl-C cancels the load.
ProgressCallback loading_progress();

}  // namespace lamina::cli
