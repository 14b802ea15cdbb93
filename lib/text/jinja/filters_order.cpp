// Filters that compare: sort, unique, min, max, dictsort, groupby.
#include <algorithm>

#include "text/jinja/filters.hpp"
#include "text/jinja/text_methods.hpp"

namespace lamina::text::jinja {

Value without_case(Interpreter& in, const Value& value) {
    return value.text() ? Value(change_case(in.budget(), *value.text(), LetterCase::lower)) : value;
}

namespace {

struct Keyed {
    Value key, item;
};

// A stable merge sort: unlike the library's, it stays within its bounds whatever the comparison says (NaN has
// no order).
void sort_keyed(Interpreter& in, std::vector<Keyed>& items, bool descending) {
    std::vector<Keyed> merged(items.size());
    const Charge charge(in.budget(), items.size() * sizeof(Keyed) * 2);
    const auto comes_first = [&](const Keyed& a, const Keyed& b) {
        return compare(in.budget(), a.key, b.key) == (descending ? Order::greater : Order::less);
    };
    for (std::size_t width = 1; width < items.size(); width *= 2) {
        for (std::size_t from = 0; from < items.size(); from += 2 * width) {
            const auto middle = std::min(from + width, items.size()),
                       end = std::min(from + 2 * width, items.size());
            auto left = from, right = middle;
            for (auto at = from; at < end; ++at) {
                const bool take_right =
                    left == middle || (right < end && comes_first(items[right], items[left]));
                merged[at] = std::move(items[take_right ? right++ : left++]);
            }
        }
        items.swap(merged);
    }
}

Value key_of(Interpreter& in, const Value& item, const Value* path, bool case_sensitive) {
    in.budget().step();
    const auto key = path && !path->is_none() ? get_path(in, item, *path) : item;
    return case_sensitive ? key : without_case(in, key);
}

// Several attributes, "a,b.c", make a list of keys.
Value keys_of(Interpreter& in, const Value& item, const Value* path, bool case_sensitive) {
    if (!path || !path->text() || path->text()->text.find(',') == std::string::npos) {
        return key_of(in, item, path, case_sensitive);
    }
    const std::string_view paths = path->text()->text;
    ListBuilder out(in.budget());
    for (std::size_t from = 0; from <= paths.size();) {
        const auto comma = std::min(paths.find(',', from), paths.size());
        const Value one(constant_text(paths.substr(from, comma - from)));
        out.push(key_of(in, item, &one, case_sensitive));
        from = comma + 1;
    }
    return out.finish();
}

Value sort(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "sort", arguments, {"reverse", "case_sensitive", "attribute"});
    std::vector<Keyed> items;
    for (const auto& item : iterate(in, value)) {
        items.push_back({keys_of(in, item, bound[2], bound.truthy(1)), item});
    }
    sort_keyed(in, items, bound.truthy(0));
    ListBuilder out(in.budget());
    for (auto& entry : items) out.push(std::move(entry.item));
    return out.finish(value.trusted());
}

Value dict_sort(Interpreter& in, const Value& value, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "dictsort", arguments, {"case_sensitive", "by", "reverse"});
    const std::string_view by = bound[1] ? std::string_view(bound.text(1).text) : "key";
    if (by != "key" && by != "value") budget.fail("dictsort() sorts by key or value");
    if (!value.dict())
        budget.fail("dictsort() needs a mapping, got '" + std::string(value.type_name()) + "'");
    const auto pairs = call(in, find_method(in, value, "items"), {});
    const auto index = Value::integer(by == "key" ? 0 : 1);
    std::vector<Keyed> items;
    for (const auto& pair : pairs.list()->items) {
        items.push_back({key_of(in, pair, &index, bound.truthy(0)), pair});
    }
    sort_keyed(in, items, bound.truthy(2));
    ListBuilder out(budget);
    for (auto& entry : items) out.push(std::move(entry.item));
    return out.finish(value.trusted());
}

Value unique(Interpreter& in, const Value& value, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "unique", arguments, {"case_sensitive", "attribute"});
    Dict seen(budget);
    ListBuilder out(budget, Shape::generator);
    for (const auto& item : iterate(in, value)) {
        auto key = key_of(in, item, bound[1], bound.truthy(0));
        if (seen.find(budget, key)) continue;
        seen.set(budget, std::move(key), Value(None{}));
        out.push(item);
    }
    return out.finish(value.trusted());
}

template <Order wanted>
Value extreme(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "min", arguments, {"case_sensitive", "attribute"});
    std::optional<Keyed> best;
    for (const auto& item : iterate(in, value)) {
        auto key = key_of(in, item, bound[1], bound.truthy(0));
        if (!best || compare(in.budget(), key, best->key) == wanted) best = Keyed{std::move(key), item};
    }
    return best ? best->item : Value();
}

// Pairs of a key and the items that have it, sorted by key.
Value group_by(Interpreter& in, const Value& value, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "groupby", arguments, {"attribute", "default", "case_sensitive"}, 1);
    const auto raw_key = [&](const Value& item) {
        return get_path(in, item, *bound[0], bound.has(1) ? bound[1] : nullptr);
    };
    std::vector<Keyed> items;
    for (const auto& item : iterate(in, value)) {
        budget.step();
        const auto key = raw_key(item);
        items.push_back({bound.truthy(2) ? key : without_case(in, key), item});
    }
    sort_keyed(in, items, false);
    ListBuilder out(budget);
    for (std::size_t at = 0; at < items.size();) {
        const auto start = at;
        ListBuilder group(budget);
        for (; at < items.size() && equal(budget, items[at].key, items[start].key); ++at)
            group.push(items[at].item);
        if (at == start) ++at;  // NaN does not equal itself
        ListBuilder pair(budget, Shape::tuple);
        pair.push(raw_key(items[start].item));
        pair.push(group.finish());
        out.push(pair.finish());
    }
    return out.finish(value.trusted());
}

constexpr FilterEntry filters[] = {
    {"dictsort", dict_sort},       {"groupby", group_by}, {"max", extreme<Order::greater>},
    {"min", extreme<Order::less>}, {"sort", sort},        {"unique", unique},
};

}  // namespace

Filter find_order_filter(std::string_view name) { return find_in(filters, name); }

}  // namespace lamina::text::jinja
