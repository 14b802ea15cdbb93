// The oracle: every op in scalar f32, written to be read, on weights as they lie in the file. Slow on
// purpose.
#pragma once

#include "backend/device.hpp"

namespace lamina::reference {

const backend::Backend& record();

}  // namespace lamina::reference
