#include "text/jinja/function.hpp"

#include <algorithm>

namespace lamina::text::jinja {

Bound::Bound(Budget& budget, std::string_view callee, const Arguments& arguments,
             std::initializer_list<std::string_view> names, std::size_t required)
    : budget_(&budget), callee_(callee), values_(names.size(), nullptr) {
    const auto complain = [&](const std::string& what) { budget.fail(std::string(callee) + "() " + what); };
    if (arguments.positional.size() > names.size()) {
        complain("takes at most " + std::to_string(names.size()) + " arguments, got " +
                 std::to_string(arguments.positional.size()));
    }
    for (std::size_t i = 0; i < arguments.positional.size(); ++i) values_[i] = &arguments.positional[i];
    for (const auto& argument : arguments.named) {
        const auto it = std::find(names.begin(), names.end(), argument.first);
        if (it == names.end()) complain("has no parameter '" + argument.first + "'");
        auto& place = values_[static_cast<std::size_t>(it - names.begin())];
        if (place) complain("got two values for '" + argument.first + "'");
        place = &argument.second;
    }
    for (std::size_t i = 0; i < required; ++i) {
        if (!values_[i]) complain("misses its argument '" + std::string(names.begin()[i]) + "'");
    }
}

std::int64_t Bound::integer(std::size_t i, std::int64_t otherwise) const {
    if (!values_[i]) return otherwise;
    const auto value = values_[i]->as_integer();
    if (!value)
        budget_->fail(std::string(callee_) + "() expected an integer, got " +
                      std::string(values_[i]->type_name()));
    return *value;
}

const MarkedText& Bound::text(std::size_t i) const {
    if (!values_[i] || !values_[i]->text()) {
        budget_->fail(std::string(callee_) + "() expected a text, got " +
                      std::string(values_[i] ? values_[i]->type_name() : "nothing"));
    }
    return *values_[i]->text();
}

}  // namespace lamina::text::jinja
