// Attributes, items, slices and iteration.
#include <algorithm>
#include <charconv>

#include "text/jinja/interpreter.hpp"
#include "text/jinja/print.hpp"
#include "text/jinja/unicode.hpp"

namespace lamina::text::jinja {

void fail_undefined(const Budget& budget, const Value& value) {
    const auto* undefined = value.get<Undefined>();
    if (undefined && undefined->unsafe) budget.fail("lists and mappings cannot be changed");
    if (!undefined || !undefined->name) budget.fail("the value is undefined");
    budget.fail("'" + *undefined->name + "' is undefined");
}

namespace {

Value loop_attribute(const Loop& loop, const std::string& name) {
    const auto& items = loop.items.list()->items;
    const auto index = loop.index, count = items.size();
    if (name == "index") return Value::size(index + 1);
    if (name == "index0") return Value::size(index);
    if (name == "revindex") return Value::size(count - index);
    if (name == "revindex0") return Value::size(count - index - 1);
    if (name == "first") return Value::boolean(index == 0);
    if (name == "last") return Value::boolean(index + 1 == count);
    if (name == "length") return Value::size(count);
    if (name == "depth") return Value::integer(1);
    if (name == "depth0") return Value::integer(0);
    if (name == "previtem") return index > 0 ? items[index - 1] : Value(Undefined{&name});
    if (name == "nextitem") return index + 1 < count ? items[index + 1] : Value(Undefined{&name});
    return Undefined{&name};
}

bool is_indexable(const List& list) {
    return list.shape == Shape::list || list.shape == Shape::tuple || list.shape == Shape::range;
}

// The value at an index counted from the end where negative; nothing where it is out of range.
std::optional<std::size_t> resolve_index(std::int64_t index, std::size_t count) {
    const auto size = static_cast<std::int64_t>(count);
    if (index < 0) index += size;
    if (index < 0 || index >= size) return std::nullopt;
    return static_cast<std::size_t>(index);
}

Value character_at(Interpreter& in, const MarkedText& text, std::int64_t index) {
    in.budget().work(text.text.size());
    const auto found = resolve_index(index, count_characters(text.text));
    if (!found) return Value();
    std::size_t at = 0;
    for (std::size_t i = 0; i < *found; ++i) at += character_size(text.text, at);
    return Value(slice(in.budget(), text, at, character_size(text.text, at)));
}

}  // namespace

Value get_attribute(Interpreter& in, const Value& value, const std::string& name) {
    if (value.is_undefined()) fail_undefined(in.budget(), value);
    if (const auto* space = value.get<Namespace*>()) {
        const auto* member = (*space)->members.find(name);
        return member ? *member : Value(Undefined{&name});
    }
    auto method = find_method(in, value, name);
    if (!method.is_undefined() || method.get<Undefined>()->unsafe) return method;
    if (const auto* loop = value.get<LoopRef>()) return loop_attribute(**loop, name);
    if (const auto* function = value.get<FunctionRef>()) return (*function)->attribute(in, name);
    const auto* found = value.dict() ? value.dict()->find(name) : nullptr;
    return found ? *found : Value(Undefined{&name});
}

Value get_item(Interpreter& in, const Value& value, const Value& key) {
    if (value.is_undefined()) fail_undefined(in.budget(), value);
    const auto index = key.as_integer();
    if (const auto* dict = value.dict(); dict && is_hashable(in.budget(), key)) {
        if (const auto* found = dict->find(in.budget(), key)) return *found;
    }
    if (const auto* list = value.list(); list && index && is_indexable(*list)) {
        const auto found = resolve_index(*index, list->items.size());
        return found ? list->items[*found] : Value();
    }
    if (const auto* text = value.text(); text && index) return character_at(in, *text, *index);
    if (!key.text() || value.dict() || value.text()) {
        return key.text() ? find_method(in, value, key.text()->text) : Value();
    }
    auto out = get_attribute(in, value, key.text()->text);
    const auto* undefined = out.get<Undefined>();
    return undefined ? Value(Undefined{nullptr, undefined->unsafe}) : out;  // the name dies with the key
}

Value get_path(Interpreter& in, const Value& value, const Value& path, const Value* otherwise) {
    if (!path.text()) return get_item(in, value, path);
    Value current = value;
    const std::string_view text = path.text()->text;
    for (std::size_t from = 0; from <= text.size();) {
        const auto dot = std::min(text.find('.', from), text.size());
        const auto part = text.substr(from, dot - from);
        std::int64_t index = 0;
        const auto end = std::from_chars(part.data(), part.data() + part.size(), index);
        const bool number =
            !part.empty() && part[0] != '-' && end.ec == std::errc() && end.ptr == part.data() + part.size();
        in.budget().step();
        current = get_item(in, current, number ? Value::integer(index) : Value(constant_text(part)));
        if (otherwise && current.is_undefined()) current = *otherwise;
        from = dot + 1;
    }
    return current;
}

namespace {

struct Range {
    std::int64_t start, stop, step;
};

// Python's slice.indices().
Range slice_range(Interpreter& in, const Value* start, const Value* stop, const Value* step,
                  std::size_t count) {
    const auto size = static_cast<std::int64_t>(count);
    const auto read = [&](const Value* value) -> std::optional<std::int64_t> {
        if (!value || value->is_none()) return std::nullopt;
        if (value->is_undefined()) fail_undefined(in.budget(), *value);
        const auto integer = value->as_integer();
        if (!integer) in.budget().fail("slice indices must be integers");
        return integer;
    };
    constexpr std::int64_t far = std::int64_t{1} << 32;  // beyond any index: sums cannot overflow
    const auto by = std::clamp(read(step).value_or(1), -far, far);
    if (by == 0) in.budget().fail("slice step cannot be zero");
    const auto low = by < 0 ? std::int64_t{-1} : 0, high = by < 0 ? size - 1 : size;
    const auto bound = [&](std::optional<std::int64_t> value, std::int64_t otherwise) {
        if (!value) return otherwise;
        if (*value < 0) return std::max(*value < -size ? low : *value + size, low);
        return std::min(*value, high);
    };
    return {bound(read(start), by < 0 ? high : low), bound(read(stop), by < 0 ? low : high), by};
}

std::size_t skip_characters(std::string_view text, std::size_t at, std::int64_t count) {
    for (; count > 0; --count) at += character_size(text, at);
    return at;
}

Value slice_text(Interpreter& in, const MarkedText& text, const Value* start, const Value* stop,
                 const Value* step) {
    auto& budget = in.budget();
    budget.work(text.text.size());
    const auto count = count_characters(text.text);
    const auto range = slice_range(in, start, stop, step, count);
    if (range.step == 1) {
        const auto from = skip_characters(text.text, 0, range.start);
        const auto to = skip_characters(text.text, from, range.stop - range.start);
        return Value(slice(budget, text, from, to - from));
    }
    const Charge charge(budget, count * sizeof(std::size_t));
    std::vector<std::size_t> starts;  // of the characters
    for (std::size_t at = 0; at < text.text.size(); at += character_size(text.text, at)) starts.push_back(at);
    TextBuilder out(budget);
    for (auto i = range.start; range.step > 0 ? i < range.stop : i > range.stop; i += range.step) {
        const auto at = starts[static_cast<std::size_t>(i)];
        out.append(text, at, character_size(text.text, at));
    }
    return Value(out.finish());
}

}  // namespace

Value take_slice(Interpreter& in, const Value& value, const Value* start, const Value* stop,
                 const Value* step) {
    if (value.is_undefined()) fail_undefined(in.budget(), value);
    if (const auto* text = value.text()) return slice_text(in, *text, start, stop, step);
    const auto* list = value.list();
    if (!list || !is_indexable(*list)) {
        in.budget().fail("'" + std::string(value.type_name()) + "' cannot be sliced");
    }
    const auto range = slice_range(in, start, stop, step, list->items.size());
    ListBuilder out(in.budget(), list->shape);
    for (auto i = range.start; range.step > 0 ? i < range.stop : i > range.stop; i += range.step) {
        out.push(list->items[static_cast<std::size_t>(i)]);
    }
    return out.finish(value.trusted());
}

Items iterate(Interpreter& in, const Value& value) {
    if (const auto* list = value.get<ListRef>()) return Items(*list);
    ListBuilder out(in.budget());
    if (const auto* text = value.text()) {
        for (std::size_t at = 0; at < text->text.size();) {
            const auto size = character_size(text->text, at);
            out.push(Value(slice(in.budget(), *text, at, size)));
            at += size;
        }
    } else if (const auto* dict = value.dict()) {
        for (const auto& entry : dict->entries()) out.push(entry.key);
    } else if (!value.is_undefined()) {
        in.budget().fail("'" + std::string(value.type_name()) + "' cannot be iterated");
    }
    const auto list = out.finish();
    return Items(*list.get<ListRef>());
}

std::int64_t length_of(Interpreter& in, const Value& value) {
    if (const auto* text = value.text()) {
        in.budget().work(text->text.size());
        return static_cast<std::int64_t>(count_characters(text->text));
    }
    if (const auto* list = value.list(); list && list->shape != Shape::generator) {
        return static_cast<std::int64_t>(list->items.size());
    }
    if (const auto* dict = value.dict()) return static_cast<std::int64_t>(dict->size());
    if (const auto* loop = value.get<LoopRef>())
        return static_cast<std::int64_t>((*loop)->items.list()->items.size());
    if (value.is_undefined()) return 0;
    in.budget().fail("'" + std::string(value.type_name()) + "' has no length");
}

bool contains(Interpreter& in, const Value& container, const Value& item) {
    auto& budget = in.budget();
    if (const auto* text = container.text()) {
        if (!item.text())
            budget.fail("'in <text>' needs a text, got '" + std::string(item.type_name()) + "'");
        return find_text(budget, text->text, item.text()->text, 0) != std::string::npos;
    }
    if (const auto* dict = container.dict()) return dict->find(budget, item) != nullptr;
    const auto list = iterate(in, container);
    return std::any_of(list.begin(), list.end(), [&](const Value& v) { return equal(budget, v, item); });
}

}  // namespace lamina::text::jinja
