// What a model file says about its model, for people and scripts.
#pragma once

#include "format/model_file.hpp"
#include "lamina/model.hpp"
#include "model/model.hpp"

namespace lamina {

ModelInfo describe(const format::ModelFile& file, const model::Model& model);

}  // namespace lamina
