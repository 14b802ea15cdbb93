// Methods of lists, mappings and loops, and the objects that bind a method to its value.
#include <algorithm>

#include "text/jinja/interpreter.hpp"
#include "text/jinja/text_methods.hpp"

namespace lamina::text::jinja {

namespace {

using Method = Value (*)(Interpreter& in, const Value& self, const Arguments& arguments);

class BoundMethod : public Function {
  public:
    BoundMethod(Value self, std::string_view name, Method method)
        : self_(std::move(self)), name_(name), method_(method) {}
    Value call(Interpreter& in, const Arguments& arguments) override { return method_(in, self_, arguments); }
    std::string_view name() const override { return name_; }
    int depth() const override { return self_.depth() + 1; }

  private:
    Value self_;
    std::string name_;
    Method method_;
};

class BoundTextMethod : public Function {
  public:
    BoundTextMethod(Value self, std::string_view name, TextMethod method)
        : self_(std::move(self)), name_(name), method_(method) {}
    Value call(Interpreter& in, const Arguments& arguments) override {
        return method_(in, *self_.text(), arguments);
    }
    std::string_view name() const override { return name_; }

  private:
    Value self_;
    std::string name_;
    TextMethod method_;
};

Value pair_of(Budget& budget, const Dict::Entry& entry, bool trusted) {
    ListBuilder pair(budget, Shape::tuple);
    pair.push(entry.key);
    pair.push(entry.value);
    return pair.finish(trusted);
}

Value dict_items(Interpreter& in, const Value& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "items", arguments, {});
    ListBuilder out(in.budget(), Shape::items);
    for (const auto& entry : self.dict()->entries()) out.push(pair_of(in.budget(), entry, self.trusted()));
    return out.finish(self.trusted());
}

Value dict_keys(Interpreter& in, const Value& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "keys", arguments, {});
    ListBuilder out(in.budget(), Shape::keys);
    for (const auto& entry : self.dict()->entries()) out.push(entry.key);
    return out.finish(self.trusted());
}

Value dict_values(Interpreter& in, const Value& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "values", arguments, {});
    ListBuilder out(in.budget(), Shape::values);
    for (const auto& entry : self.dict()->entries()) out.push(entry.value);
    return out.finish(self.trusted());
}

Value dict_get(Interpreter& in, const Value& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "get", arguments, {"key", "default"}, 1);
    const auto* found = self.dict()->find(in.budget(), *bound[0]);
    return found ? *found : bound[1] ? *bound[1] : Value(None{});
}

// Values never change, so the value is its own copy.
Value copy(Interpreter& in, const Value& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "copy", arguments, {});
    return self;
}

Value list_count(Interpreter& in, const Value& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "count", arguments, {"value"}, 1);
    const auto& items = self.list()->items;
    return Value::integer(std::count_if(
        items.begin(), items.end(), [&](const Value& item) { return equal(in.budget(), item, *bound[0]); }));
}

Value list_index(Interpreter& in, const Value& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "index", arguments, {"value"}, 1);
    const auto& items = self.list()->items;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (equal(in.budget(), items[i], *bound[0])) return Value::size(i);
    }
    in.budget().fail("the value is not in the list");
}

Value loop_cycle(Interpreter& in, const Value& self, const Arguments& arguments) {
    if (arguments.positional.empty()) in.budget().fail("cycle() needs values");
    return arguments.positional[(*self.get<LoopRef>())->index % arguments.positional.size()];
}

struct Entry {
    std::string_view name;
    Method method;
};

constexpr Entry dict_methods[] = {
    {"copy", copy}, {"get", dict_get}, {"items", dict_items}, {"keys", dict_keys}, {"values", dict_values}};
constexpr Entry list_methods[] = {{"copy", copy}, {"count", list_count}, {"index", list_index}};
constexpr Entry tuple_methods[] = {{"count", list_count}, {"index", list_index}};
constexpr Entry loop_methods[] = {{"cycle", loop_cycle}};

constexpr std::string_view list_changers[] = {"append", "clear",  "extend",  "insert",
                                              "pop",    "remove", "reverse", "sort"};
constexpr std::string_view dict_changers[] = {"clear", "pop", "popitem", "setdefault", "update"};

template <typename Table>
bool holds(const Table& names, std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

template <typename Table>
Value bind(Interpreter& in, const Table& table, const Value& self, std::string_view name) {
    const auto* it =
        std::find_if(std::begin(table), std::end(table), [&](const Entry& e) { return e.name == name; });
    if (it == std::end(table)) return {};
    in.budget().check_depth(self.depth() + 1);
    return Value(FunctionRef(std::make_shared<BoundMethod>(self, name, it->method)));
}

}  // namespace

Value find_method(Interpreter& in, const Value& self, const std::string& name) {
    if (self.text()) {
        const auto method = find_text_method(name);
        return method ? Value(FunctionRef(std::make_shared<BoundTextMethod>(self, name, method))) : Value();
    }
    if (self.dict())
        return holds(dict_changers, name) ? Undefined{nullptr, true} : bind(in, dict_methods, self, name);
    if (self.is<LoopRef>()) return bind(in, loop_methods, self, name);
    const auto* list = self.list();
    if (list && list->shape == Shape::list) {
        return holds(list_changers, name) ? Undefined{nullptr, true} : bind(in, list_methods, self, name);
    }
    const bool fixed = list && (list->shape == Shape::tuple || list->shape == Shape::range);
    return fixed ? bind(in, tuple_methods, self, name) : Value();
}

}  // namespace lamina::text::jinja
