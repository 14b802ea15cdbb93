// The border of the C API: checks what comes in, turns every exception into a lamina_error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/errors.hpp"
#include "lamina/c/error.h"

namespace lamina::c_api {

lamina_error no_error() noexcept;
// Of the exception that is being handled. Allocates nothing: the error's strings are the exception's own.
lamina_error current_error() noexcept;
// Of a stored exception; no_error() where there is none.
lamina_error error_of(const std::exception_ptr& failure) noexcept;

// A call of one C function: what it refuses names the function and the parameter.
class Call {
  public:
    explicit Call(const char* function) noexcept : function_(function) {}

    Errors errors() const { return {function_}; }

    template <class T>
    T& given(T* pointer, const char* name) const {
        if (pointer == nullptr) errors().refuse(name, "a pointer", "NULL");
        return *pointer;
    }

    // A result, and what it is after an error.
    template <class T>
    T& out(T* pointer, const char* name, T nothing = T{}) const {
        T& result = given(pointer, name);
        result = nothing;
        return result;
    }

    // `size` elements, of which there may be none.
    template <class T>
    std::span<T> list(T* data, std::size_t size, const char* name) const {
        if (data == nullptr && size > 0) errors().refuse(name, "a pointer, as there is a size", "NULL");
        if (size > most_bytes / sizeof(T))
            errors().refuse(name, "a size that fits into memory", std::to_string(size));
        return {data, size};
    }

    std::string_view text(lamina_string string, const std::string& name) const {
        const auto characters = list(string.data, string.size, name.c_str());
        return {characters.data(), characters.size()};
    }

    // Enumerations begin with 0.
    template <class Enum>
    Enum enumeration(std::int32_t value, Enum last, const char* name) const {
        if (value < 0 || value > static_cast<std::int32_t>(last)) {
            errors().refuse(name, "0.." + std::to_string(static_cast<std::int32_t>(last)),
                            std::to_string(value));
        }
        return static_cast<Enum>(value);
    }

  private:
    static constexpr std::size_t most_bytes = std::numeric_limits<std::ptrdiff_t>::max();
    const char* function_;
};

// Runs work(call), the body of a C function.
template <class Work>
lamina_error call(const char* function, Work&& work) noexcept {
    try {
        std::forward<Work>(work)(Call(function));
        return no_error();
    } catch (...) { return current_error(); }
}

}  // namespace lamina::c_api
