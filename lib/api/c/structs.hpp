// Structs of the host that may be older or newer than this library (lamina.h, "Growth").
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>

#include "api/c/call.hpp"
#include "base/errors.hpp"

namespace lamina::c_api {

// More than any version will have: a larger number has not been set by lamina_X_init.
inline constexpr std::size_t max_struct_size = 4096;

// Checks the size of a struct as the host knows it. `first` is the size in the first version that had the
// struct.
inline void check_size(const Call& c, std::size_t size, std::size_t first, const std::string& name) {
    if (size >= first && size <= max_struct_size) return;
    c.errors().refuse(
        name, "a size of " + std::to_string(first) + ".." + std::to_string(max_struct_size) + " bytes",
        std::to_string(size));
}

// What a host's struct says, as this library knows it. `first` as above.
template <class Struct>
Struct read_struct(const Call& c, const Struct& given, const Struct& defaults, const std::string& name,
                   std::size_t first = sizeof(Struct)) {
    std::size_t size = 0;
    std::memcpy(&size, &given, sizeof size);  // only this member is sure to be there
    check_size(c, size, first, name + ".struct_size");
    const auto* bytes = reinterpret_cast<const unsigned char*>(&given);
    for (std::size_t i = sizeof(Struct); i < size; ++i) {
        if (bytes[i] == 0) continue;
        Errors{"options"}.fail(ErrorCode::unsupported, name,
                               "what lamina " + std::string(lamina_version()) + " knows",
                               "something in byte " + std::to_string(i) + " that a later version knows");
    }
    Struct out = defaults;
    std::memcpy(&out, &given, std::min(size, sizeof(Struct)));
    return out;
}

// Gives a host's struct of `size` bytes the values of `from`; what this library does not know becomes zero.
template <class Struct>
void write_struct(const Call& c, Struct* to, std::size_t size, Struct from, const char* name,
                  std::size_t first = sizeof(Struct)) {
    Struct& out = c.given(to, name);
    check_size(c, size, first, "struct_size");
    from.struct_size = size;
    std::memset(static_cast<void*>(&out), 0, size);
    std::memcpy(static_cast<void*>(&out), &from, std::min(size, sizeof(Struct)));
}

// Tail padding would be mistaken for a member of the next version.
template <class Last>
constexpr bool ends_with(std::size_t offset, std::size_t size) {
    return offset + sizeof(Last) == size;
}

}  // namespace lamina::c_api
