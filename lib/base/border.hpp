// The API boundary: std::bad_alloc leaves the library as Error(out_of_memory).
#pragma once

#include <exception>
#include <string>

namespace lamina {

// For handlers around public functions. Throws what is being handled: std::bad_alloc as Error(out_of_memory)
// of `area` and `file`, an Error(out_of_memory) that names no file with `file` in it, all else as it is.
// Allocates where it can and does without where it cannot.
[[noreturn]] void rethrow_typed(const char* area, const std::string& file = {});

// The same as a value, for failures that are kept.
std::exception_ptr typed_failure(const char* area) noexcept;

}  // namespace lamina
