#include "text/jinja/value.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "text/jinja/function.hpp"

namespace lamina::text::jinja {

const List* Value::list() const {
    const auto* ref = get<ListRef>();
    return ref ? ref->get() : nullptr;
}

const Dict* Value::dict() const {
    const auto* ref = get<DictRef>();
    return ref ? ref->get() : nullptr;
}

std::optional<std::int64_t> Value::as_integer() const {
    if (const auto* v = get<std::int64_t>()) return *v;
    if (const auto* v = get<bool>()) return *v ? 1 : 0;
    return std::nullopt;
}

std::optional<double> Value::as_number() const {
    if (const auto* v = get<double>()) return *v;
    if (const auto v = as_integer()) return static_cast<double>(*v);
    return std::nullopt;
}

int Value::depth() const {
    if (const auto* v = list()) return v->depth;
    if (const auto* v = dict()) return v->depth();
    if (const auto* v = get<LoopRef>()) return (*v)->depth;
    if (const auto* v = get<FunctionRef>()) return (*v)->depth();
    return 0;
}

std::string_view Value::type_name() const {
    if (const auto* v = list()) {
        constexpr std::string_view names[] = {"list",      "tuple",       "generator", "range",
                                              "dict_keys", "dict_values", "dict_items"};
        return names[static_cast<std::size_t>(v->shape)];
    }
    constexpr std::string_view names[] = {"Undefined", "NoneType",    "bool",    "int",
                                          "float",     "str",         "list",    "dict",
                                          "Namespace", "LoopContext", "function"};
    return names[data_.index()];
}

ListBuilder::ListBuilder(Budget& budget, Shape shape) : budget_(&budget), list_(std::make_shared<List>()) {
    list_->shape = shape;
    list_->charge = Charge(budget, sizeof(List) + 16);
}

void ListBuilder::push(Value value) {
    budget_->check_elements(list_->items.size() + 1);
    budget_->work(sizeof(Value));
    const int depth = value.depth() + 1;
    if (depth > list_->depth) {
        budget_->check_depth(depth);
        list_->depth = depth;
    }
    list_->charge.grow(sizeof(Value));
    list_->items.push_back(std::move(value));
}

namespace {

// Keys that Python holds to be equal get the same text: 1, 1.0 and True. No text starts with a byte of 0xFF.
void write_key(Budget& budget, const Value& key, std::string& out) {
    budget.step();
    if (const auto* text = key.text()) {
        budget.work(text->text.size());
        out += text->text;
    } else if (const auto integer = key.as_integer()) {
        out += "\xFFi" + std::to_string(*integer);
    } else if (const auto* real = key.get<double>()) {
        const bool whole = std::abs(*real) < 0x1p63 && std::trunc(*real) == *real;
        out += whole ? "\xFFi" + std::to_string(static_cast<std::int64_t>(*real))
                     : "\xFF"
                       "r" +
                           std::to_string(std::bit_cast<std::uint64_t>(*real));
    } else if (key.is_none()) {
        out += "\xFFn";
    } else if (key.is_undefined()) {
        out += "\xFFu";
    } else if (const auto* list = key.list(); list && list->shape == Shape::tuple) {
        out += "\xFFt";
        for (const auto& item : list->items) {
            std::string part;
            write_key(budget, item, part);
            budget.check_string(out.size() + part.size());
            out += std::to_string(part.size()) + ":" + part;
        }
    } else {
        budget.fail("unhashable type: '" + std::string(key.type_name()) + "'");
    }
}

}  // namespace

bool is_hashable(Budget& budget, const Value& value) {
    budget.step();
    if (value.dict() || value.is<Namespace*>() || value.is<LoopRef>() || value.is<FunctionRef>())
        return false;
    const auto* list = value.list();
    if (!list) return true;
    return list->shape == Shape::tuple &&
           std::all_of(list->items.begin(), list->items.end(),
                       [&](const Value& item) { return is_hashable(budget, item); });
}

const Value* Dict::find(std::string_view key) const {
    const auto it = index_.find(key);
    return it == index_.end() ? nullptr : &entries_[it->second].value;
}

const Value* Dict::find(Budget& budget, const Value& key) const {
    if (const auto* text = key.text()) {
        budget.work(text->text.size());
        return find(text->text);
    }
    std::string name;
    write_key(budget, key, name);
    return find(name);
}

void Dict::set(Budget& budget, Value key, Value value) {
    std::string name;
    write_key(budget, key, name);
    const int depth = std::max(key.depth(), value.depth()) + 1;
    budget.check_depth(depth);
    depth_ = std::max(depth_, depth);
    const auto it = index_.find(name);
    if (it != index_.end()) {
        entries_[it->second].value = std::move(value);
        return;
    }
    budget.check_elements(entries_.size() + 1);
    charge_.grow(sizeof(Entry) + 96 + name.size());
    index_.emplace(std::move(name), entries_.size());
    entries_.push_back({std::move(key), std::move(value)});
}

bool is_truthy(const Value& value) {
    if (const auto* v = value.get<bool>()) return *v;
    if (const auto* v = value.get<std::int64_t>()) return *v != 0;
    if (const auto* v = value.get<double>()) return *v != 0;
    if (const auto* v = value.text()) return !v->text.empty();
    if (const auto* v = value.list()) return v->shape == Shape::generator || !v->items.empty();
    if (const auto* v = value.dict()) return v->size() > 0;
    return !value.is_undefined() && !value.is_none();
}

namespace {

bool equal_lists(Budget& budget, const List& a, const List& b) {
    if (&a == &b) return true;
    if (a.shape != b.shape || a.shape == Shape::generator || a.items.size() != b.items.size()) return false;
    for (std::size_t i = 0; i < a.items.size(); ++i) {
        if (!equal(budget, a.items[i], b.items[i])) return false;
    }
    return true;
}

bool equal_dicts(Budget& budget, const Dict& a, const Dict& b) {
    if (&a == &b) return true;
    if (a.size() != b.size()) return false;
    for (const auto& entry : a.entries()) {
        const auto* other = b.find(budget, entry.key);
        if (!other || !equal(budget, entry.value, *other)) return false;
    }
    return true;
}

// The wider type holds every integer of 64 bits on the machines with an 80-bit or 128-bit format.
Order order_numbers(const Value& a, const Value& b) {
    const auto wide = [](const Value& v) {
        const auto integer = v.as_integer();
        return integer ? static_cast<long double>(*integer) : static_cast<long double>(*v.get<double>());
    };
    const auto x = wide(a), y = wide(b);
    return x < y ? Order::less : x > y ? Order::greater : x == y ? Order::equal : Order::unordered;
}

Order order_texts(Budget& budget, const std::string& a, const std::string& b) {
    budget.work(std::min(a.size(), b.size()));
    const int order = a.compare(b);
    return order < 0 ? Order::less : order > 0 ? Order::greater : Order::equal;
}

Order order_lists(Budget& budget, const List& a, const List& b) {
    const auto common = std::min(a.items.size(), b.items.size());
    for (std::size_t i = 0; i < common; ++i) {
        if (!equal(budget, a.items[i], b.items[i])) return compare(budget, a.items[i], b.items[i]);
    }
    return a.items.size() < b.items.size()   ? Order::less
           : a.items.size() > b.items.size() ? Order::greater
                                             : Order::equal;
}

}  // namespace

bool equal(Budget& budget, const Value& a, const Value& b) {
    budget.step();
    if (a.as_number() && b.as_number()) return order_numbers(a, b) == Order::equal;
    if (a.text() && b.text()) return order_texts(budget, a.text()->text, b.text()->text) == Order::equal;
    if (a.list() && b.list()) return equal_lists(budget, *a.list(), *b.list());
    if (a.dict() && b.dict()) return equal_dicts(budget, *a.dict(), *b.dict());
    if (a.is<Namespace*>() && b.is<Namespace*>()) return *a.get<Namespace*>() == *b.get<Namespace*>();
    if (a.is<LoopRef>() && b.is<LoopRef>()) return *a.get<LoopRef>() == *b.get<LoopRef>();
    if (a.is<FunctionRef>() && b.is<FunctionRef>()) return *a.get<FunctionRef>() == *b.get<FunctionRef>();
    return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
}

Order compare(Budget& budget, const Value& a, const Value& b) {
    budget.step();
    if (a.as_number() && b.as_number()) return order_numbers(a, b);
    if (a.text() && b.text()) return order_texts(budget, a.text()->text, b.text()->text);
    const auto *x = a.list(), *y = b.list();
    if (x && y && x->shape == y->shape && (x->shape == Shape::list || x->shape == Shape::tuple)) {
        return order_lists(budget, *x, *y);
    }
    budget.fail("no order between '" + std::string(a.type_name()) + "' and '" + std::string(b.type_name()) +
                "'");
}

}  // namespace lamina::text::jinja
