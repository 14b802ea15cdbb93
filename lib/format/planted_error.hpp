// A bounds error that a build can plant, to show that the fuzzing harness finds one (tests/fuzz).
#pragma once

#include <cstdint>

namespace lamina::format {

// By how many bytes the data of a GGUF tensor may exceed the file: none, but in that build.
#ifdef LAMINA_PLANT_BOUNDS_ERROR
inline constexpr std::uint64_t planted_slack = 16;
#else
inline constexpr std::uint64_t planted_slack = 0;
#endif

}  // namespace lamina::format
