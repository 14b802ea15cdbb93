// + - * / // % ** with Python's meaning.
#include <cmath>

#include "text/jinja/format.hpp"
#include "text/jinja/interpreter.hpp"
#include "text/jinja/print.hpp"

namespace lamina::text::jinja {

namespace {

std::string_view symbol_of(Operator op) {
    constexpr std::string_view symbols[] = {"+", "-", "*", "/", "//", "%", "**"};
    return symbols[static_cast<std::size_t>(op)];
}

[[noreturn]] void fail_types(const Budget& budget, Operator op, const Value& a, const Value& b) {
    budget.fail("'" + std::string(symbol_of(op)) + "' does not apply to '" + std::string(a.type_name()) +
                "' and '" + std::string(b.type_name()) + "'");
}

std::int64_t floor_divide(std::int64_t a, std::int64_t b) {
    return a / b - ((a % b != 0) && ((a < 0) != (b < 0)));
}

// Nothing where the result leaves 64 bits.
std::optional<std::int64_t> raise_integer(std::int64_t base, std::int64_t exponent) {
    std::int64_t out = 1;
    for (; exponent > 0; exponent >>= 1) {
        if ((exponent & 1) && __builtin_mul_overflow(out, base, &out)) return std::nullopt;
        if (exponent > 1 && __builtin_mul_overflow(base, base, &base)) return std::nullopt;
    }
    return out;
}

std::optional<std::int64_t> calculate_integers(Operator op, std::int64_t a, std::int64_t b) {
    std::int64_t out = 0;
    switch (op) {
        case Operator::add: return __builtin_add_overflow(a, b, &out) ? std::nullopt : std::optional(out);
        case Operator::subtract:
            return __builtin_sub_overflow(a, b, &out) ? std::nullopt : std::optional(out);
        case Operator::multiply:
            return __builtin_mul_overflow(a, b, &out) ? std::nullopt : std::optional(out);
        case Operator::power: return raise_integer(a, b);
        case Operator::floor_divide:
            if (b == -1)
                return __builtin_sub_overflow(std::int64_t{0}, a, &out) ? std::nullopt : std::optional(out);
            return floor_divide(a, b);
        default: return b == -1 ? 0 : a - floor_divide(a, b) * b;
    }
}

double modulo(double a, double b) {
    const double rest = std::fmod(a, b);
    if (rest == 0) return std::copysign(0.0, b);
    return (rest < 0) == (b < 0) ? rest : rest + b;
}

double calculate_reals(Operator op, double a, double b) {
    switch (op) {
        case Operator::add: return a + b;
        case Operator::subtract: return a - b;
        case Operator::multiply: return a * b;
        case Operator::divide: return a / b;
        case Operator::floor_divide: return std::floor((a - modulo(a, b)) / b + 0.0);
        case Operator::modulo: return modulo(a, b);
        default: return std::pow(a, b);
    }
}

Value calculate_numbers(const Budget& budget, Operator op, const Value& a, const Value& b) {
    const bool trusted = a.trusted() && b.trusted();
    const bool divides = op == Operator::divide || op == Operator::floor_divide || op == Operator::modulo;
    if (divides && *b.as_number() == 0) budget.fail("division by zero");
    const auto x = a.as_integer(), y = b.as_integer();
    if (x && y && op != Operator::divide && !(op == Operator::power && *y < 0)) {
        const auto out = calculate_integers(op, *x, *y);
        if (!out) budget.fail("an integer beyond 64 bits");
        return Value::integer(*out, trusted);
    }
    const double out = calculate_reals(op, *a.as_number(), *b.as_number());
    if (op == Operator::power && !std::isfinite(out)) budget.fail("a power out of range");
    return Value::real(out, trusted);
}

Value repeat(Interpreter& in, const Value& sequence, std::int64_t count) {
    auto& budget = in.budget();
    const auto times = static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
    if (const auto* text = sequence.text()) {
        if (text->text.empty() || times == 0) return Value(constant_text(""));
        if (times > max_string) budget.check_string(times);
        budget.check_string(times * text->text.size());
        TextBuilder out(budget);
        for (std::size_t i = 0; i < times; ++i) out.append(*text);
        return Value(out.finish());
    }
    const auto* list = sequence.list();
    ListBuilder out(budget, list->shape);
    if (list->items.empty()) return out.finish(sequence.trusted());
    for (std::size_t i = 0; i < times; ++i) {
        for (const auto& item : list->items) out.push(item);
    }
    return out.finish(sequence.trusted());
}

bool is_plain_list(const Value& value) {
    const auto* list = value.list();
    return list && (list->shape == Shape::list || list->shape == Shape::tuple);
}

Value join(Interpreter& in, const Value& a, const Value& b) {
    auto& budget = in.budget();
    if (a.text() && b.text()) {
        TextBuilder out(budget);
        out.append(*a.text());
        out.append(*b.text());
        return Value(out.finish());
    }
    ListBuilder out(budget, a.list()->shape);
    for (const auto* part : {&a, &b}) {
        for (const auto& item : part->list()->items) out.push(item);
    }
    return out.finish(a.trusted() && b.trusted());
}

}  // namespace

Value calculate(Interpreter& in, Operator op, const Value& a, const Value& b) {
    auto& budget = in.budget();
    if (a.is_undefined()) fail_undefined(budget, a);
    if (a.text() && op == Operator::modulo) return format_percent(in, *a.text(), b);
    if (b.is_undefined()) fail_undefined(budget, b);
    if (a.as_number() && b.as_number()) return calculate_numbers(budget, op, a, b);
    const bool sequences = is_plain_list(a) && is_plain_list(b) && a.list()->shape == b.list()->shape;
    if (op == Operator::add && ((a.text() && b.text()) || sequences)) return join(in, a, b);
    if (op == Operator::multiply && (a.text() || is_plain_list(a)) && b.as_integer()) {
        return repeat(in, a, *b.as_integer());
    }
    if (op == Operator::multiply && (b.text() || is_plain_list(b)) && a.as_integer()) {
        return repeat(in, b, *a.as_integer());
    }
    fail_types(budget, op, a, b);
}

}  // namespace lamina::text::jinja
