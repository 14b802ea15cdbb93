// The errors of this backend.
#pragma once

#include "base/errors.hpp"

namespace lamina::cpu {

inline constexpr Errors errors{"cpu"};

}  // namespace lamina::cpu
