// Arithmetic on sizes that come from files or requests: sums and products that cannot wrap.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <utility>

namespace lamina {

inline std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
    std::uint64_t out = 0;
    if (__builtin_add_overflow(a, b, &out)) return std::nullopt;
    return out;
}

inline std::optional<std::uint64_t> checked_mul(std::uint64_t a, std::uint64_t b) {
    std::uint64_t out = 0;
    if (__builtin_mul_overflow(a, b, &out)) return std::nullopt;
    return out;
}

// The value in the narrower type, or nothing where it does not fit.
template <std::integral To, std::integral From>
constexpr std::optional<To> checked_narrow(From value) {
    if (!std::in_range<To>(value)) return std::nullopt;
    return static_cast<To>(value);
}

// The next multiple of `alignment` (a power of two); nothing where it would wrap.
inline std::optional<std::uint64_t> checked_align(std::uint64_t value, std::uint64_t alignment) {
    const auto sum = checked_add(value, alignment - 1);
    if (!sum) return std::nullopt;
    return *sum & ~(alignment - 1);
}

// For sizes already known to be small: layout and workspace sums.
constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) / alignment * alignment;
}

constexpr std::uint64_t div_up(std::uint64_t value, std::uint64_t by) { return (value + by - 1) / by; }

}  // namespace lamina
