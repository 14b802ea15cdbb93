// A program as text for people: what a device will be asked to do in a step, an op a line.
#pragma once

#include <string>

#include "backend/op.hpp"

namespace lamina::plan {

// `layout_name`: the device's names of layouts (Backend::layout_name). Neighbouring layers that read alike
// are written once.
std::string to_text(const backend::Program& program, const char* (*layout_name)(std::uint8_t));

}  // namespace lamina::plan
