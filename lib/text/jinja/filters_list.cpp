// Filters on lists and mappings that keep the order.
#include <algorithm>

#include "text/jinja/filters.hpp"
#include "text/jinja/print.hpp"

namespace lamina::text::jinja {

namespace {

Value length(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "length", arguments, {});
    return Value::integer(length_of(in, value));
}

Value otherwise(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "default", arguments, {"default_value", "boolean"});
    if (!value.is_undefined() && !(bound.truthy(1) && !is_truthy(value))) return value;
    return bound[0] ? *bound[0] : Value(constant_text(""));
}

Value first(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "first", arguments, {});
    if (const auto* text = value.text(); text && !text->text.empty())
        return get_item(in, value, Value::integer(0));
    const auto items = iterate(in, value);
    return items.size() == 0 ? Value() : items[0];
}

Value last(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "last", arguments, {});
    if (const auto* text = value.text(); text && !text->text.empty())
        return get_item(in, value, Value::integer(-1));
    const auto items = iterate(in, value);
    if (items.list()->shape == Shape::generator)
        in.budget().fail("'generator' has no last element: make it a list");
    return items.size() == 0 ? Value() : items[items.size() - 1];
}

Value list(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "list", arguments, {});
    ListBuilder out(in.budget());
    for (const auto& item : iterate(in, value)) out.push(item);
    return out.finish(value.trusted());
}

Value items(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "items", arguments, {});
    ListBuilder out(in.budget(), Shape::generator);
    if (value.is_undefined()) return out.finish();
    if (!value.dict())
        in.budget().fail("items() needs a mapping, got '" + std::string(value.type_name()) + "'");
    const auto pairs = call(in, find_method(in, value, "items"), {});
    for (const auto& pair : pairs.list()->items) out.push(pair);
    return out.finish(value.trusted());
}

Value reverse(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "reverse", arguments, {});
    const auto step = Value::integer(-1);
    if (value.text()) return take_slice(in, value, nullptr, nullptr, &step);
    ListBuilder out(in.budget(), Shape::generator);
    const auto all = iterate(in, value);
    for (auto i = all.size(); i > 0; --i) out.push(all[i - 1]);
    return out.finish(value.trusted());
}

Value sum(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "sum", arguments, {"attribute", "start"});
    Value total = bound[1] ? *bound[1] : Value::integer(0);
    if (total.text()) in.budget().fail("sum() does not join texts");
    for (const auto& item : iterate(in, value)) {
        in.budget().step();
        total = calculate(in, Operator::add, total, bound.has(0) ? get_path(in, item, *bound[0]) : item);
    }
    return total;
}

Value batch(Interpreter& in, const Value& value, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "batch", arguments, {"linecount", "fill_with"}, 1);
    const auto size = bound.integer(0, 1);
    const auto all = iterate(in, value);
    if (size < 1) budget.fail("batch() needs a size above 0");
    const auto step = static_cast<std::size_t>(size);
    ListBuilder out(budget, Shape::generator);
    for (std::size_t at = 0; at < all.size(); at += std::min(step, all.size())) {
        ListBuilder row(budget);
        for (auto i = at; i < all.size() && i - at < step; ++i) row.push(all[i]);
        while (bound.has(1) && row.size() < step) row.push(*bound[1]);
        out.push(row.finish());
    }
    return out.finish(value.trusted());
}

Value slice_filter(Interpreter& in, const Value& value, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "slice", arguments, {"slices", "fill_with"}, 1);
    const auto wanted = bound.integer(0, 1);
    if (wanted < 1) budget.fail("slice() needs a number above 0");
    const auto all = iterate(in, value);
    const auto slices = static_cast<std::size_t>(wanted);
    budget.check_elements(slices);
    const auto size = all.size() / slices, longer = all.size() % slices;
    ListBuilder out(budget, Shape::generator);
    for (std::size_t i = 0, at = 0; i < slices; ++i) {
        ListBuilder column(budget);
        const auto end = at + size + (i < longer ? 1 : 0);
        for (; at < end; ++at) column.push(all[at]);
        if (bound.has(1) && i >= longer) column.push(*bound[1]);
        out.push(column.finish());
    }
    return out.finish(value.trusted());
}

// Anything false is taken for an empty list, here and in select.
// map("filter", arguments...) or map(attribute="path", default=value)
Value map(Interpreter& in, const Value& value, const Arguments& arguments) {
    ListBuilder out(in.budget(), Shape::generator);
    if (!is_truthy(value)) return out.finish(value.trusted());
    const auto all = iterate(in, value);
    if (arguments.positional.empty()) {
        const Bound bound(in.budget(), "map", arguments, {"attribute", "default"}, 1);
        for (const auto& item : all) {
            in.budget().step();
            out.push(get_path(in, item, *bound[0], bound.has(1) ? bound[1] : nullptr));
        }
        return out.finish(value.trusted());
    }
    auto rest = arguments;
    rest.positional.erase(rest.positional.begin());
    if (!arguments.positional[0].text()) in.budget().fail("map() needs the name of a filter");
    for (const auto& item : all) out.push(apply_filter(in, arguments.positional[0].text()->text, item, rest));
    return out.finish(value.trusted());
}

// The first positional argument, taken out; undefined where there is none.
Value take_front(Arguments& arguments) {
    Value front;
    if (arguments.positional.empty()) return front;
    front = std::move(arguments.positional.front());
    arguments.positional.erase(arguments.positional.begin());
    return front;
}

// select("test", arguments...): those items for which the test gives `wanted`; selectattr tests an attribute
// of them.
template <bool wanted, bool by_attribute>
Value select(Interpreter& in, const Value& value, const Arguments& arguments) {
    auto& budget = in.budget();
    auto rest = arguments;
    Value path;
    if (by_attribute) path = take_front(rest);
    if (by_attribute && path.is_undefined()) budget.fail("selectattr() needs the name of an attribute");
    const auto test = take_front(rest);
    if (!test.is_undefined() && !test.text()) budget.fail("select() needs the name of a test");
    ListBuilder out(budget, Shape::generator);
    if (!is_truthy(value)) return out.finish(value.trusted());
    for (const auto& item : iterate(in, value)) {
        budget.step();
        const auto subject = by_attribute ? get_path(in, item, path) : item;
        const bool holds =
            test.text() ? apply_test(in, test.text()->text, subject, rest) : is_truthy(subject);
        if (holds == wanted) out.push(item);
    }
    return out.finish(value.trusted());
}

Value attribute(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "attr", arguments, {"name"}, 1);
    const auto& name = bound.text(0).text;
    if (value.dict()) return find_method(in, value, name);
    const auto out = get_attribute(in, value, name);
    return out.is_undefined() ? Value() : out;  // the name dies with the argument
}

constexpr FilterEntry filters[] = {
    {"attr", attribute},
    {"batch", batch},
    {"count", length},
    {"d", otherwise},
    {"default", otherwise},
    {"first", first},
    {"items", items},
    {"last", last},
    {"length", length},
    {"list", list},
    {"map", map},
    {"reject", select<false, false>},
    {"rejectattr", select<false, true>},
    {"reverse", reverse},
    {"select", select<true, false>},
    {"selectattr", select<true, true>},
    {"slice", slice_filter},
    {"sum", sum},
};

}  // namespace

Filter find_list_filter(std::string_view name) { return find_in(filters, name); }

}  // namespace lamina::text::jinja
