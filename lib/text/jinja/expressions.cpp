// How expressions evaluate.
#include "text/jinja/interpreter.hpp"
#include "text/jinja/print.hpp"

namespace lamina::text::jinja {

Value Name::evaluate(Interpreter& in) const { return in.lookup(symbol, name); }

Value ListLiteral::evaluate(Interpreter& in) const {
    ListBuilder out(in.budget(), shape);
    for (const auto& item : items) out.push(in.evaluate(*item));
    return out.finish();
}

Value DictLiteral::evaluate(Interpreter& in) const {
    auto out = std::make_shared<Dict>(in.budget());
    for (const auto& item : items) {
        auto key = in.evaluate(*item.first);
        out->set(in.budget(), std::move(key), in.evaluate(*item.second));
    }
    return Value(DictRef(std::move(out)));
}

Value Conditional::evaluate(Interpreter& in) const {
    if (is_truthy(in.evaluate(*condition))) return in.evaluate(*then);
    return otherwise ? in.evaluate(*otherwise) : Value();
}

Value Logic::evaluate(Interpreter& in) const {
    Value value;
    for (const auto& part : parts) {
        value = in.evaluate(*part);
        if (is_truthy(value) == stop_at) break;
    }
    return value;
}

Value Not::evaluate(Interpreter& in) const { return Value::boolean(!is_truthy(in.evaluate(*operand))); }

Value Sign::evaluate(Interpreter& in) const {
    const auto value = in.evaluate(*operand);
    in.budget().move_to(offset);
    if (value.is_undefined()) fail_undefined(in.budget(), value);
    if (const auto* real = value.get<double>())
        return Value::real(negative ? -*real : *real, value.trusted());
    const auto integer = value.as_integer();
    if (!integer) in.budget().fail("a sign before '" + std::string(value.type_name()) + "'");
    if (!negative) return Value::integer(*integer, value.trusted());
    std::int64_t out = 0;
    if (__builtin_sub_overflow(std::int64_t{0}, *integer, &out))
        in.budget().fail("an integer beyond 64 bits");
    return Value::integer(out, value.trusted());
}

Value Arithmetic::evaluate(Interpreter& in) const {
    auto value = in.evaluate(*first);
    for (const auto& operation : rest) {
        const auto operand = in.evaluate(*operation.second);
        in.budget().move_to(operation.second->offset);
        value = calculate(in, operation.first, value, operand);
    }
    return value;
}

Value Concatenation::evaluate(Interpreter& in) const {
    TextBuilder out(in.budget());
    for (const auto& part : parts) {
        const auto value = in.evaluate(*part);
        write_str(out, value);
    }
    return Value(out.finish());
}

namespace {

bool relates(Interpreter& in, Relation relation, const Value& a, const Value& b) {
    auto& budget = in.budget();
    switch (relation) {
        case Relation::equal: return equal(budget, a, b);
        case Relation::not_equal: return !equal(budget, a, b);
        case Relation::in: return contains(in, b, a);
        case Relation::not_in: return !contains(in, b, a);
        default: break;
    }
    if (a.is_undefined()) fail_undefined(budget, a);
    if (b.is_undefined()) fail_undefined(budget, b);
    const auto order = compare(budget, a, b);
    switch (relation) {
        case Relation::less: return order == Order::less;
        case Relation::less_equal: return order == Order::less || order == Order::equal;
        case Relation::greater: return order == Order::greater;
        default: return order == Order::greater || order == Order::equal;
    }
}

}  // namespace

Value Comparison::evaluate(Interpreter& in) const {
    auto left = in.evaluate(*first);
    for (const auto& link : rest) {
        auto right = in.evaluate(*link.second);
        in.budget().move_to(link.second->offset);
        if (!relates(in, link.first, left, right)) return Value::boolean(false);
        left = std::move(right);
    }
    return Value::boolean(true);
}

// ---- links ----

Value Postfix::evaluate(Interpreter& in) const { return evaluate_links(in, links.size()); }

Value Postfix::evaluate_links(Interpreter& in, std::size_t count) const {
    auto value = in.evaluate(*base);
    for (std::size_t i = 0; i < count; ++i) {
        in.budget().move_to(links[i]->offset);
        in.budget().step();
        value = links[i]->apply(in, value);
    }
    return value;
}

Arguments CallArguments::evaluate(Interpreter& in) const {
    Arguments out;
    for (const auto& argument : positional) out.positional.push_back(in.evaluate(*argument));
    if (more_positional) {
        const auto list = iterate(in, in.evaluate(*more_positional));
        in.budget().work(list.size() * sizeof(Value));
        out.positional.insert(out.positional.end(), list.begin(), list.end());
    }
    for (const auto& argument : named) out.named.emplace_back(argument.first, in.evaluate(*argument.second));
    if (!more_named) return out;
    const auto more = in.evaluate(*more_named);
    if (!more.dict()) in.budget().fail("'**' needs a mapping");
    for (const auto& entry : more.dict()->entries()) {
        in.budget().step();
        if (!entry.key.text()) in.budget().fail("'**' needs a mapping with text keys");
        out.named.emplace_back(entry.key.text()->text, entry.value);
    }
    return out;
}

Value AttributeLink::apply(Interpreter& in, const Value& value) const {
    return get_attribute(in, value, name);
}

Value ItemLink::apply(Interpreter& in, const Value& value) const {
    const auto at = in.evaluate(*key);
    in.budget().move_to(offset);
    return get_item(in, value, at);
}

Value SliceLink::apply(Interpreter& in, const Value& value) const {
    const auto part = [&](const ExpressionPtr& node) { return node ? in.evaluate(*node) : Value(None{}); };
    const auto from = part(start), to = part(stop), by = part(step);
    in.budget().move_to(offset);
    return take_slice(in, value, &from, &to, &by);
}

Value CallLink::apply(Interpreter& in, const Value& value) const {
    const auto evaluated = arguments.evaluate(in);
    in.budget().move_to(offset);
    return call(in, value, evaluated);
}

Value FilterLink::apply(Interpreter& in, const Value& value) const {
    const auto evaluated = arguments.evaluate(in);
    in.budget().move_to(offset);
    return apply_filter(in, name, value, evaluated);
}

Value TestLink::apply(Interpreter& in, const Value& value) const {
    const auto evaluated = arguments.evaluate(in);
    in.budget().move_to(offset);
    return Value::boolean(apply_test(in, name, value, evaluated) != negated);
}

}  // namespace lamina::text::jinja
