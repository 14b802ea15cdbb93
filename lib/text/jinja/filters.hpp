// The filters, in tables by what they work on.
#pragma once

#include "text/jinja/interpreter.hpp"

namespace lamina::text::jinja {

struct FilterEntry {
    std::string_view name;
    Filter filter;
};

// Null where the table has no such filter.
Filter find_text_filter(std::string_view name);
Filter find_number_filter(std::string_view name);
Filter find_list_filter(std::string_view name);
Filter find_order_filter(std::string_view name);

template <typename Table>
Filter find_in(const Table& table, std::string_view name) {
    for (const FilterEntry& entry : table) {
        if (entry.name == name) return entry.filter;
    }
    return nullptr;
}

// A text without regard to its case, as sorting and uniqueness take it by default.
Value without_case(Interpreter& in, const Value& value);
// 5 | int, "5" | float: the number that Python reads, if it is one.
std::optional<double> read_real(std::string_view text);
std::optional<std::int64_t> read_integer(std::string_view text, int base);

}  // namespace lamina::text::jinja
