// What may follow "is".
#include <algorithm>
#include <cmath>

#include "text/jinja/interpreter.hpp"
#include "text/jinja/print.hpp"
#include "text/jinja/unicode.hpp"

namespace lamina::text::jinja {

namespace {

template <bool (*holds)(const Value&)>
bool simple(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "the test", arguments, {});
    return holds(value);
}

bool is_defined(const Value& v) { return !v.is_undefined(); }
bool is_undefined(const Value& v) { return v.is_undefined(); }
bool is_none(const Value& v) { return v.is_none(); }
bool is_boolean(const Value& v) { return v.is<bool>(); }
bool is_true(const Value& v) { return v.is<bool>() && *v.get<bool>(); }
bool is_false(const Value& v) { return v.is<bool>() && !*v.get<bool>(); }
bool is_integer(const Value& v) { return v.is<std::int64_t>(); }
bool is_real(const Value& v) { return v.is<double>(); }
bool is_number(const Value& v) { return v.as_number().has_value(); }
bool is_text(const Value& v) { return v.text() != nullptr; }
bool is_mapping(const Value& v) { return v.dict() != nullptr; }
bool is_iterable(const Value& v) {
    return v.text() || v.list() || v.dict() || v.is<LoopRef>() || v.is_undefined();
}
bool is_sequence(const Value& v) {
    if (const auto* list = v.list()) {
        return list->shape == Shape::list || list->shape == Shape::tuple || list->shape == Shape::range;
    }
    return v.text() || v.dict() || v.is_undefined();
}
bool is_callable(const Value& v) { return v.is<FunctionRef>() || v.is_undefined(); }
bool never(const Value&) { return false; }

template <bool (*is_other)(char32_t)>
bool has_case(Interpreter& in, const Value& value, const Arguments&) {
    const auto text = to_text(in.budget(), value);
    bool cased = false;
    for (std::size_t at = 0; at < text->text.text.size();) {
        const char32_t c = next_character(text->text.text, at);
        if (is_other(c)) return false;
        cased |= is_cased(c);
    }
    return cased;
}

template <Relation relation>
bool relation_test(Interpreter& in, const Value& value, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "the test", arguments, {"other"}, 1);
    const auto& other = *bound[0];
    if (relation == Relation::equal) return equal(budget, value, other);
    if (relation == Relation::not_equal) return !equal(budget, value, other);
    if (relation == Relation::in) return contains(in, other, value);
    if (value.is_undefined()) fail_undefined(budget, value);
    if (other.is_undefined()) fail_undefined(budget, other);
    const auto order = compare(budget, value, other);
    if (relation == Relation::less) return order == Order::less;
    if (relation == Relation::greater) return order == Order::greater;
    return order == Order::equal ||
           order == (relation == Relation::less_equal ? Order::less : Order::greater);
}

// The remainder of a division by the given number is what is wanted.
bool has_remainder(Interpreter& in, const Value& value, const Value& by, std::int64_t wanted) {
    const auto rest = calculate(in, Operator::modulo, value, by).as_number();
    return rest && *rest == static_cast<double>(wanted);
}

bool is_odd(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "odd", arguments, {});
    return has_remainder(in, value, Value::integer(2), 1);
}

bool is_even(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "even", arguments, {});
    return has_remainder(in, value, Value::integer(2), 0);
}

bool is_divisible(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "divisibleby", arguments, {"num"}, 1);
    return has_remainder(in, value, *bound[0], 0);
}

// The same object: for values that cannot change, of the same type and equal.
bool is_same(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "sameas", arguments, {"other"}, 1);
    const auto& other = *bound[0];
    if (value.list() || value.dict()) return value.list() == other.list() && value.dict() == other.dict();
    return value.type_name() == other.type_name() && equal(in.budget(), value, other);
}

bool is_filter(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "filter", arguments, {});
    return value.text() && find_filter(value.text()->text);
}

bool is_test(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "test", arguments, {});
    return value.text() && find_test(value.text()->text);
}

struct Entry {
    std::string_view name;
    Test test;
};

constexpr Entry tests[] = {
    {"boolean", simple<is_boolean>},
    {"callable", simple<is_callable>},
    {"defined", simple<is_defined>},
    {"divisibleby", is_divisible},
    {"eq", relation_test<Relation::equal>},
    {"equalto", relation_test<Relation::equal>},
    {"==", relation_test<Relation::equal>},
    {"escaped", simple<never>},
    {"even", is_even},
    {"false", simple<is_false>},
    {"filter", is_filter},
    {"float", simple<is_real>},
    {"ge", relation_test<Relation::greater_equal>},
    {">=", relation_test<Relation::greater_equal>},
    {"gt", relation_test<Relation::greater>},
    {"greaterthan", relation_test<Relation::greater>},
    {">", relation_test<Relation::greater>},
    {"in", relation_test<Relation::in>},
    {"integer", simple<is_integer>},
    {"iterable", simple<is_iterable>},
    {"le", relation_test<Relation::less_equal>},
    {"<=", relation_test<Relation::less_equal>},
    {"lower", has_case<is_upper>},
    {"lt", relation_test<Relation::less>},
    {"lessthan", relation_test<Relation::less>},
    {"<", relation_test<Relation::less>},
    {"mapping", simple<is_mapping>},
    {"ne", relation_test<Relation::not_equal>},
    {"!=", relation_test<Relation::not_equal>},
    {"none", simple<is_none>},
    {"number", simple<is_number>},
    {"odd", is_odd},
    {"sameas", is_same},
    {"sequence", simple<is_sequence>},
    {"string", simple<is_text>},
    {"test", is_test},
    {"true", simple<is_true>},
    {"undefined", simple<is_undefined>},
    {"upper", has_case<is_lower>},
};

}  // namespace

Test find_test(std::string_view name) {
    const auto* it =
        std::find_if(std::begin(tests), std::end(tests), [&](const Entry& e) { return e.name == name; });
    return it == std::end(tests) ? nullptr : it->test;
}

bool apply_test(Interpreter& in, std::string_view name, const Value& value, const Arguments& arguments) {
    const auto test = find_test(name);
    if (!test) in.budget().fail("there is no test '" + std::string(name) + "'");
    return test(in, value, arguments);
}

}  // namespace lamina::text::jinja
