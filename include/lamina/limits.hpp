/// @file
/// The largest values that ModelOptions takes.
#pragma once

#include <cstdint>

namespace lamina {

inline constexpr std::uint32_t max_context = 1u << 30;                  ///< ModelOptions::context
inline constexpr std::uint32_t max_sequences = 65536;                   ///< ModelOptions::sequences
inline constexpr std::uint32_t max_batch_tokens = 65536;                ///< ModelOptions::batch_tokens
inline constexpr int max_threads = 1024;                                ///< ModelOptions::threads
inline constexpr std::uint64_t max_positions = std::uint64_t{1} << 31;  ///< context times sequences

}  // namespace lamina
