/// @file
/// How sequences are told apart.
#pragma once

#include <cstdint>

namespace lamina {

/// A sequence in a model's cache. Small numbers, used again after close().
using SequenceId = std::uint32_t;

}  // namespace lamina
