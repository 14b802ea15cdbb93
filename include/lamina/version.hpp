/// @file
/// The version of the library that runs; lamina/version.h has that of the headers.
#pragma once

#include <string_view>

#include "lamina/export.h"
#include "lamina/version.h"

namespace lamina {

/// The version of the library that runs, "0.1.0"; LAMINA_VERSION_STRING is that of the header.
LAMINA_API std::string_view version() noexcept;

}  // namespace lamina
