// Byte counts for people.
#pragma once

#include <cstdint>
#include <string>

namespace lamina::plan {

std::string format_bytes(std::uint64_t bytes);  // "98.4 MB", decimal units

}  // namespace lamina::plan
