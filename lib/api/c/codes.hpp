// The enumerations of the C API: the same numbers as in C++, but for error codes, where C needs one for no
// error.
#pragma once

#include <cstdint>
#include <optional>

#include "lamina/c/error.h"
#include "lamina/error.hpp"

namespace lamina::c_api {

constexpr lamina_error_code to_c(ErrorCode code) { return static_cast<std::int32_t>(code) + 1; }

// None for LAMINA_OK, LAMINA_UNEXPECTED and numbers that are no code.
constexpr std::optional<ErrorCode> from_c(lamina_error_code code) {
    if (code < LAMINA_IO || code > LAMINA_DEVICE_FAILED) return std::nullopt;
    return static_cast<ErrorCode>(code - 1);
}

// What a host's callback returned: true to go on, false for LAMINA_CANCELLED. Throws what other codes say,
// with the callback as the subject.
bool goes_on(lamina_error_code returned, const char* callback);
// The same where LAMINA_CANCELLED is an error as all others.
void require_ok(lamina_error_code returned, const char* callback);

}  // namespace lamina::c_api
