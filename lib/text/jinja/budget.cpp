#include "text/jinja/budget.hpp"

#include <algorithm>

#include "lamina/error.hpp"

namespace lamina::text::jinja {

void fail_at(std::string_view source, std::size_t offset, const std::string& message) {
    const auto before = source.substr(0, std::min(offset, source.size()));
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
    const auto row = before.substr(start);
    const auto column = 1 + std::count_if(row.begin(), row.end(), [](char c) { return (c & 0xC0) != 0x80; });
    throw Error(ErrorCode::template_failed, "template",
                "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + message);
}

}  // namespace lamina::text::jinja
