// Expressions.
#include <algorithm>
#include <charconv>

#include "text/jinja/budget.hpp"
#include "text/jinja/parser.hpp"

namespace lamina::text::jinja {

// Every bracket comes back to here, so this counts the nesting; signs and "not" count their own.
ExpressionPtr Parser::parse_expression() {
    Nested nested(*this);
    const auto at = peek().offset;
    auto value = parse_or();
    for (int chained = 0; skip_name("if"); ++chained) {
        if (chained >= max_depth) fail("nested deeper than " + std::to_string(max_depth));
        auto node = std::make_unique<Conditional>(at);
        node->condition = parse_or();
        node->then = std::move(value);
        if (skip_name("else")) node->otherwise = parse_expression();
        value = std::move(node);
    }
    return value;
}

bool Parser::at_tuple_end() const {
    const auto kind = peek().kind;
    return kind == TokenKind::print_end || kind == TokenKind::block_end || is_symbol(")") ||
           is_name("recursive");
}

// a, b, c; a single value without a comma is itself. `conditional`: a if b else c may stand in it.
ExpressionPtr Parser::parse_tuple(bool conditional, bool parenthesised) {
    const auto at = peek().offset;
    auto tuple = std::make_unique<ListLiteral>(at, Shape::tuple);
    bool comma = false;
    while (!at_tuple_end()) {
        tuple->items.push_back(conditional ? parse_expression() : parse_or());
        if (!skip_symbol(",")) break;
        comma = true;
    }
    if (!comma && tuple->items.size() == 1) return std::move(tuple->items.front());
    if (tuple->items.empty() && !parenthesised) fail_expected("an expression");
    return tuple;
}

ExpressionPtr Parser::parse_or() {
    const auto at = peek().offset;
    auto first = parse_and();
    if (!is_name("or")) return first;
    auto node = std::make_unique<Logic>(at);
    node->stop_at = true;
    node->parts.push_back(std::move(first));
    while (skip_name("or")) node->parts.push_back(parse_and());
    return node;
}

ExpressionPtr Parser::parse_and() {
    const auto at = peek().offset;
    auto first = parse_not();
    if (!is_name("and")) return first;
    auto node = std::make_unique<Logic>(at);
    node->stop_at = false;
    node->parts.push_back(std::move(first));
    while (skip_name("and")) node->parts.push_back(parse_not());
    return node;
}

ExpressionPtr Parser::parse_not() {
    if (!is_name("not")) return parse_comparison();
    Nested nested(*this);
    auto node = std::make_unique<Not>(take().offset);
    node->operand = parse_not();
    return node;
}

bool Parser::take_relation(Relation& relation) {
    constexpr std::pair<std::string_view, Relation> symbols[] = {
        {"==", Relation::equal},  {"!=", Relation::not_equal},  {"<", Relation::less},
        {">", Relation::greater}, {"<=", Relation::less_equal}, {">=", Relation::greater_equal},
    };
    for (const auto& entry : symbols) {
        if (!skip_symbol(entry.first)) continue;
        relation = entry.second;
        return true;
    }
    relation = is_name("not") ? Relation::not_in : Relation::in;
    if (is_name("not") && is_name("in", 1)) take();
    return skip_name("in");
}

ExpressionPtr Parser::parse_comparison() {
    const auto at = peek().offset;
    auto first = parse_sum();
    Relation relation{};
    if (!take_relation(relation)) return first;
    auto node = std::make_unique<Comparison>(at);
    node->first = std::move(first);
    do node->rest.emplace_back(relation, parse_sum());
    while (take_relation(relation));
    return node;
}

template <typename Next>
ExpressionPtr Parser::parse_arithmetic(
    Next next, std::initializer_list<std::pair<std::string_view, Operator>> operators) {
    const auto at = peek().offset;
    auto first = (this->*next)();
    const auto find = [&] {
        return std::find_if(operators.begin(), operators.end(),
                            [&](const auto& op) { return is_symbol(op.first); });
    };
    auto found = find();
    if (found == operators.end()) return first;
    auto node = std::make_unique<Arithmetic>(at);
    node->first = std::move(first);
    for (; found != operators.end(); found = find()) {
        take();
        node->rest.emplace_back(found->second, (this->*next)());
    }
    return node;
}

ExpressionPtr Parser::parse_sum() {
    return parse_arithmetic(&Parser::parse_concatenation, {{"+", Operator::add}, {"-", Operator::subtract}});
}

ExpressionPtr Parser::parse_concatenation() {
    const auto at = peek().offset;
    auto first = parse_product();
    if (!is_symbol("~")) return first;
    auto node = std::make_unique<Concatenation>(at);
    node->parts.push_back(std::move(first));
    while (skip_symbol("~")) node->parts.push_back(parse_product());
    return node;
}

ExpressionPtr Parser::parse_product() {
    return parse_arithmetic(&Parser::parse_power, {{"*", Operator::multiply},
                                                   {"/", Operator::divide},
                                                   {"//", Operator::floor_divide},
                                                   {"%", Operator::modulo}});
}

// Binds from left to right, unlike Python's.
ExpressionPtr Parser::parse_power() {
    const auto at = peek().offset;
    auto first = parse_unary(true);
    if (!is_symbol("**")) return first;
    auto node = std::make_unique<Arithmetic>(at);
    node->first = std::move(first);
    while (skip_symbol("**")) node->rest.emplace_back(Operator::power, parse_unary(true));
    return node;
}

ExpressionPtr Parser::parse_unary(bool with_filters) {
    ExpressionPtr base;
    if (is_symbol("-") || is_symbol("+")) {
        Nested nested(*this);
        auto node = std::make_unique<Sign>(peek().offset);
        node->negative = take().text == "-";
        node->operand = parse_unary(false);
        base = std::move(node);
    } else {
        base = parse_primary();
    }
    auto node = parse_postfix(std::move(base), with_filters);
    if (node->links.empty()) return std::move(node->base);
    return node;
}

ExpressionPtr Parser::parse_primary() {
    const auto& token = peek();
    const auto at = token.offset;
    switch (token.kind) {
        case TokenKind::name: return parse_named_primary();
        case TokenKind::text: return parse_text();
        case TokenKind::integer: {
            std::int64_t value = 0;
            std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
            take();
            return std::make_unique<Literal>(at, Value::integer(value));
        }
        case TokenKind::real: {
            double value = 0;
            std::from_chars(token.text.data(), token.text.data() + token.text.size(), value);
            take();
            return std::make_unique<Literal>(at, Value::real(value));
        }
        default: break;
    }
    if (skip_symbol("(")) {
        auto value = parse_tuple(true, true);
        expect_symbol(")");
        return value;
    }
    if (is_symbol("[")) return parse_list();
    if (is_symbol("{")) return parse_dict();
    fail_expected("an expression");
}

ExpressionPtr Parser::parse_named_primary() {
    const auto token = take();
    const auto& name = token.text;
    if (name == "true" || name == "True")
        return std::make_unique<Literal>(token.offset, Value::boolean(true));
    if (name == "false" || name == "False")
        return std::make_unique<Literal>(token.offset, Value::boolean(false));
    if (name == "none" || name == "None") return std::make_unique<Literal>(token.offset, Value(None{}));
    around_.uses_caller |= name == "caller";
    around_.uses_varargs |= name == "varargs";
    around_.uses_kwargs |= name == "kwargs";
    return std::make_unique<Name>(token.offset, name, symbols_->intern(name));
}

// Neighbours join: "a" "b".
ExpressionPtr Parser::parse_text() {
    const auto at = peek().offset;
    std::string text;
    while (peek().kind == TokenKind::text) text += take().text;
    return std::make_unique<Literal>(at, Value(constant_text(text)));
}

ExpressionPtr Parser::parse_list() {
    auto node = std::make_unique<ListLiteral>(take().offset, Shape::list);
    while (!is_symbol("]")) {
        if (!node->items.empty()) expect_symbol(",");
        if (is_symbol("]")) break;
        node->items.push_back(parse_expression());
    }
    take();
    return node;
}

ExpressionPtr Parser::parse_dict() {
    auto node = std::make_unique<DictLiteral>(take().offset);
    while (!is_symbol("}")) {
        if (!node->items.empty()) expect_symbol(",");
        if (is_symbol("}")) break;
        auto key = parse_expression();
        expect_symbol(":");
        node->items.emplace_back(std::move(key), parse_expression());
    }
    take();
    return node;
}

// ---- links ----

std::unique_ptr<Postfix> Parser::parse_postfix(ExpressionPtr base, bool with_filters) {
    auto node = std::make_unique<Postfix>(base->offset);
    node->base = std::move(base);
    while (parse_link(*node, false)) {}
    if (!with_filters) return node;
    while (parse_link(*node, true)) {}
    return node;
}

// Behind the first filter or test only calls, filters and tests follow.
bool Parser::parse_link(Postfix& node, bool with_filters) {
    if (is_symbol("("))
        node.links.push_back(parse_call());
    else if (!with_filters && is_symbol("."))
        node.links.push_back(parse_attribute());
    else if (!with_filters && is_symbol("["))
        node.links.push_back(parse_subscript());
    else if (with_filters && skip_symbol("|"))
        node.links.push_back(parse_filter());
    else if (with_filters && skip_name("is"))
        node.links.push_back(parse_test());
    else
        return false;
    return true;
}

LinkPtr Parser::parse_attribute() {
    const auto at = take().offset;
    const auto token = take();
    if (token.kind == TokenKind::name) return std::make_unique<AttributeLink>(at, token.text);
    if (token.kind != TokenKind::integer) fail("expected a name or number behind '.'");
    std::int64_t index = 0;
    std::from_chars(token.text.data(), token.text.data() + token.text.size(), index);
    return std::make_unique<ItemLink>(at, std::make_unique<Literal>(at, Value::integer(index)));
}

LinkPtr Parser::parse_subscript() {
    const auto at = take().offset;
    const auto optional = [&]() -> ExpressionPtr {
        return is_symbol(":") || is_symbol("]") ? nullptr : parse_expression();
    };
    ExpressionPtr first = is_symbol(":") ? nullptr : parse_tuple(true);
    if (!is_symbol(":")) {
        expect_symbol("]");
        return std::make_unique<ItemLink>(at, std::move(first));
    }
    auto node = std::make_unique<SliceLink>(at);
    node->start = std::move(first);
    take();
    node->stop = optional();
    if (skip_symbol(":")) node->step = optional();
    expect_symbol("]");
    return node;
}

LinkPtr Parser::parse_call() {
    auto node = std::make_unique<CallLink>(peek().offset);
    node->arguments = parse_arguments();
    return node;
}

// The "|" is consumed already.
LinkPtr Parser::parse_filter() {
    auto node = std::make_unique<FilterLink>(peek().offset);
    node->name = expect_name().text;
    while (skip_symbol(".")) node->name += "." + expect_name().text;
    if (is_symbol("(")) node->arguments = parse_arguments();
    return node;
}

// Whether a test's only argument follows without parentheses: x is divisibleby 3.
bool Parser::at_test_argument() const {
    switch (peek().kind) {
        case TokenKind::text:
        case TokenKind::integer:
        case TokenKind::real: return true;
        case TokenKind::name: return !is_name("else") && !is_name("or") && !is_name("and");
        default: return is_symbol("[") || is_symbol("{");
    }
}

LinkPtr Parser::parse_test() {
    auto node = std::make_unique<TestLink>(peek().offset);
    node->negated = skip_name("not");
    node->name = expect_name().text;
    while (skip_symbol(".")) node->name += "." + expect_name().text;
    if (is_symbol("(")) {
        node->arguments = parse_arguments();
    } else if (at_test_argument()) {
        if (is_name("is")) fail("tests do not chain with 'is'");
        node->arguments.positional.push_back(parse_postfix(parse_primary(), false));
    }
    return node;
}

CallArguments Parser::parse_arguments() {
    expect_symbol("(");
    CallArguments out;
    while (!is_symbol(")")) {
        parse_argument(out);
        if (!is_symbol(")")) expect_symbol(",");
    }
    take();
    return out;
}

void Parser::parse_argument(CallArguments& out) {
    const bool only_named = out.more_named || out.more_positional || !out.named.empty();
    if (skip_symbol("**") && !out.more_named) {
        out.more_named = parse_expression();
    } else if (skip_symbol("*") && !out.more_positional && !out.more_named) {
        out.more_positional = parse_expression();
    } else if (peek().kind == TokenKind::name && is_symbol("=", 1) && !out.more_named) {
        auto name = take().text;
        take();
        out.named.emplace_back(std::move(name), parse_expression());
    } else if (!only_named) {
        out.positional.push_back(parse_expression());
    } else {
        fail("expected an argument with a name");
    }
}

}  // namespace lamina::text::jinja
