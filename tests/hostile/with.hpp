// One value of a file's metadata replaced.
#pragma once

#include <string>
#include <utility>

#include "support/gguf_writer.hpp"

namespace lamina::test::hostile {

// Puts `value` in the place of the key's own, or at the end where there is none.
inline GgufWriter with(const GgufWriter& source, const std::string& key, std::uint32_t type, Bytes value) {
    GgufWriter out = source;
    for (auto& pair : out.metadata()) {
        if (pair.key != key) continue;
        pair.type = type;
        pair.value = std::move(value);
        return out;
    }
    return out.raw_set(key, type, std::move(value));
}

// The same for a value of a C++ type.
template <class T>
GgufWriter with(const GgufWriter& source, const std::string& key, const T& value) {
    GgufWriter made;
    made.set(key, value);
    auto& pair = made.metadata().front();
    return with(source, key, pair.type, std::move(pair.value));
}

}  // namespace lamina::test::hostile
