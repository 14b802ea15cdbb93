#include "text/jinja/filters.hpp"

namespace lamina::text::jinja {

Filter find_filter(std::string_view name) {
    for (const auto find : {find_text_filter, find_list_filter, find_order_filter, find_number_filter}) {
        if (const auto filter = find(name)) return filter;
    }
    return nullptr;
}

Value apply_filter(Interpreter& in, std::string_view name, const Value& value, const Arguments& arguments) {
    const auto filter = find_filter(name);
    if (!filter) in.budget().fail("there is no filter '" + std::string(name) + "'");
    in.budget().step();
    return filter(in, value, arguments);
}

}  // namespace lamina::text::jinja
