// How the library makes its errors: what those of one place have in common, and the ways to throw one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "lamina/error.hpp"

namespace lamina {

// The parts are those of ErrorDetails. Views: a value with a file is for use at once.
struct Errors {
    std::string_view area;
    std::string_view file = {};
    std::optional<std::uint64_t> offset = {};

    // The same at a byte of the file.
    constexpr Errors at(std::uint64_t byte) const { return {area, file, byte}; }

    [[noreturn]] void fail(ErrorCode code, std::string_view subject, std::string_view expected,
                           std::string_view found) const;
    // With invalid_argument.
    [[noreturn]] void refuse(std::string_view subject, std::string_view expected,
                             std::string_view found) const {
        fail(ErrorCode::invalid_argument, subject, expected, found);
    }
    // Refuses unless `good`. `found` is text or a number, which becomes text only then.
    template <class Found>
    void require(bool good, std::string_view subject, std::string_view expected, const Found& found) const {
        if (good) return;
        if constexpr (std::is_arithmetic_v<Found>) {
            refuse(subject, expected, std::to_string(found));
        } else {
            refuse(subject, expected, found);
        }
    }
};

}  // namespace lamina
