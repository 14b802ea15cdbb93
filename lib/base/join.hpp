// Lists as text.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace lamina {

// "a, b": the elements with `separator` between them, each as `text` makes it.
template <class Range, class ToText = std::identity>
std::string join(const Range& range, std::string_view separator, const ToText& text = {}) {
    std::string out;
    bool first = true;
    for (const auto& element : range) {
        if (!first) out += separator;
        first = false;
        out += std::invoke(text, element);
    }
    return out;
}

}  // namespace lamina
