// Statements.
#include "text/jinja/parser.hpp"

#include <algorithm>
#include <utility>

#include "text/jinja/budget.hpp"
#include "text/utf8.hpp"

namespace lamina::text::jinja {

Symbol Symbols::intern(std::string_view name) {
    const auto it = ids_.find(name);
    if (it != ids_.end()) return it->second;
    return ids_.emplace(name, static_cast<Symbol>(ids_.size())).first->second;
}

const Symbol* Symbols::find(std::string_view name) const {
    const auto it = ids_.find(name);
    return it == ids_.end() ? nullptr : &it->second;
}

Tree parse(std::string source) {
    if (source.size() > max_source) {
        fail_at(source, 0, "a template of more than " + std::to_string(max_source >> 10) + " KiB");
    }
    if (const auto bad = well_formed_end(source, 0); bad < source.size()) {
        fail_at(source, bad, "the template is not UTF-8");
    }
    Tree tree;
    tree.source = std::move(source);
    tree.body = Parser(tree.source, tree.symbols).parse_all();
    return tree;
}

Parser::Nested::Nested(Parser& parser) : parser_(parser) {
    if (++parser_.depth_ > max_depth) {
        --parser_.depth_;
        parser.fail("nested deeper than " + std::to_string(max_depth));
    }
}

Parser::Parser(std::string_view source, Symbols& symbols)
    : source_(source), symbols_(&symbols), tokens_(tokenize(source)) {}

const Token& Parser::peek(std::size_t ahead) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

Token Parser::take() {
    auto token = peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
}

bool Parser::is_symbol(std::string_view text, std::size_t ahead) const {
    return peek(ahead).kind == TokenKind::symbol && peek(ahead).text == text;
}
bool Parser::is_name(std::string_view text, std::size_t ahead) const {
    return peek(ahead).kind == TokenKind::name && peek(ahead).text == text;
}
bool Parser::skip_symbol(std::string_view text) {
    const bool found = is_symbol(text);
    if (found) take();
    return found;
}
bool Parser::skip_name(std::string_view text) {
    const bool found = is_name(text);
    if (found) take();
    return found;
}
void Parser::expect_symbol(std::string_view text) {
    if (!skip_symbol(text)) fail_expected("'" + std::string(text) + "'");
}
Token Parser::expect_name() {
    if (peek().kind != TokenKind::name) fail_expected("a name");
    return take();
}
void Parser::expect_block_end() {
    if (peek().kind != TokenKind::block_end) fail_expected("the end of the tag");
    take();
}

void Parser::fail(const std::string& message) const { fail_at(source_, peek().offset, message); }

void Parser::fail_expected(std::string_view what) const {
    const auto& token = peek();
    const bool named = token.kind == TokenKind::name || token.kind == TokenKind::symbol;
    const std::string found = named                                ? "'" + token.text + "'"
                              : token.kind == TokenKind::end       ? "the end of the template"
                              : token.kind == TokenKind::block_end ? "the end of the tag"
                              : token.kind == TokenKind::print_end ? "the end of the tag"
                                                                   : "something else";
    fail("expected " + std::string(what) + ", found " + found);
}

Body Parser::parse_all() {
    auto body = parse_body({});
    return body;
}

// Up to one of `ends`, whose name is the next token then; with none, up to the end of the template.
Body Parser::parse_body(std::initializer_list<std::string_view> ends) {
    Nested nested(*this);
    Body body;
    for (;;) {
        const auto token = take();
        if (token.kind == TokenKind::end) {
            if (ends.size() > 0) fail_expected("{% " + std::string(*(ends.end() - 1)) + " %}");
            return body;
        }
        if (token.kind == TokenKind::data) {
            body.push_back(std::make_unique<Data>(token.offset, constant_text(token.text)));
        } else if (token.kind == TokenKind::print_begin) {
            body.push_back(std::make_unique<Print>(token.offset, parse_tuple(true)));
            if (peek().kind != TokenKind::print_end) fail_expected("the end of the tag");
            take();
        } else {
            const bool ended = std::any_of(ends.begin(), ends.end(), [&](auto end) { return is_name(end); });
            if (ended) return body;
            if (auto statement = parse_statement()) body.push_back(std::move(statement));
            expect_block_end();
        }
    }
}

StatementPtr Parser::parse_statement() {
    const auto at = peek().offset;
    if (skip_name("for")) return parse_for(at);
    if (skip_name("if")) return parse_if(at);
    if (skip_name("set")) return parse_set(at);
    if (skip_name("macro")) return parse_macro(at);
    if (skip_name("call")) return parse_call_block(at);
    if (skip_name("filter")) return parse_filter_block(at);
    if (skip_name("with")) return parse_with(at);
    if (skip_name("generation")) return parse_generation(at);
    if (skip_name("break")) return parse_jump(at, Flow::break_loop);
    if (skip_name("continue")) return parse_jump(at, Flow::continue_loop);
    if (skip_name("print")) return std::make_unique<Print>(at, parse_expression());
    const auto& token = peek();
    if (token.kind == TokenKind::name) fail("unknown tag '" + token.text + "'");
    fail_expected("the name of a tag");
}

StatementPtr Parser::parse_for(std::size_t at) {
    auto node = std::make_unique<For>(at);
    node->target = parse_target(false);
    if (!skip_name("in")) fail_expected("'in'");
    node->items = parse_tuple(false);
    if (skip_name("if")) node->condition = parse_expression();
    if (is_name("recursive")) fail("recursive loops are not supported");
    node->loop = symbols_->intern("loop");
    expect_block_end();
    const bool outer = std::exchange(around_.in_loop, true);
    node->body = parse_body({"else", "endfor"});
    around_.in_loop = outer;
    if (skip_name("else")) {
        expect_block_end();
        node->otherwise = parse_body({"endfor"});
    }
    take();
    return node;
}

StatementPtr Parser::parse_if(std::size_t at) {
    auto node = std::make_unique<If>(at);
    do {
        auto condition = parse_tuple(false);
        expect_block_end();
        node->branches.emplace_back(std::move(condition), parse_body({"elif", "else", "endif"}));
    } while (skip_name("elif"));
    if (skip_name("else")) {
        expect_block_end();
        node->otherwise = parse_body({"endif"});
    }
    take();
    return node;
}

StatementPtr Parser::parse_set(std::size_t at) {
    auto target = parse_target(true);
    if (skip_symbol("=")) {
        auto node = std::make_unique<Set>(at);
        node->target = std::move(target);
        node->value = parse_tuple(true);
        return node;
    }
    auto node = std::make_unique<SetBlock>(at);
    node->target = std::move(target);
    while (skip_symbol("|")) node->filters.push_back(parse_filter());
    expect_block_end();
    node->body = parse_body({"endset"});
    take();
    return node;
}

StatementPtr Parser::parse_with(std::size_t at) {
    auto node = std::make_unique<With>(at);
    while (peek().kind != TokenKind::block_end) {
        if (!node->variables.empty()) expect_symbol(",");
        auto target = parse_target(false);
        expect_symbol("=");
        node->variables.emplace_back(std::move(target), parse_expression());
    }
    expect_block_end();
    node->body = parse_body({"endwith"});
    take();
    return node;
}

// Marks what the assistant wrote, for training; it renders as its body.
StatementPtr Parser::parse_generation(std::size_t at) {
    auto node = std::make_unique<With>(at);
    expect_block_end();
    const bool outer = std::exchange(around_.in_loop, false);
    node->body = parse_body({"endgeneration"});
    around_.in_loop = outer;
    take();
    return node;
}

StatementPtr Parser::parse_jump(std::size_t at, Flow flow) {
    if (!around_.in_loop) fail_at(source_, at, "outside of a loop");
    return std::make_unique<Jump>(at, flow);
}

StatementPtr Parser::parse_macro(std::size_t at) {
    auto node = std::make_unique<Macro>(at);
    node->name = expect_name().text;
    node->symbol = symbols_->intern(node->name);
    parse_signature(node->signature);
    expect_block_end();
    node->body = parse_callable_body(node->signature, "endmacro");
    return node;
}

// {% call(arguments) callee(...) %} body {% endcall %}
StatementPtr Parser::parse_call_block(std::size_t at) {
    auto node = std::make_unique<CallBlock>(at);
    auto caller = std::make_unique<Macro>(at);
    caller->name = "caller";
    if (is_symbol("(")) parse_signature(caller->signature);
    auto call = parse_postfix(parse_primary(), true);
    const auto* last = call->links.empty() ? nullptr : call->links.back().get();
    if (!dynamic_cast<const CallLink*>(last)) fail_expected("a call");
    node->call = std::move(call);
    expect_block_end();
    caller->body = parse_callable_body(caller->signature, "endcall");
    node->caller = std::move(caller);
    return node;
}

void Parser::parse_signature(Signature& signature) {
    expect_symbol("(");
    while (!is_symbol(")")) {
        if (!signature.parameters.empty()) expect_symbol(",");
        Signature::Parameter parameter;
        parameter.name = expect_name().text;
        parameter.symbol = symbols_->intern(parameter.name);
        if (skip_symbol("=")) {
            parameter.otherwise = parse_expression();
        } else if (!signature.parameters.empty() && signature.parameters.back().otherwise) {
            fail("a parameter without default follows one with a default");
        }
        signature.parameters.push_back(std::move(parameter));
    }
    expect_symbol(")");
}

Body Parser::parse_callable_body(Signature& signature, std::string_view end) {
    const auto outer = std::exchange(around_, Surroundings{});
    auto body = parse_body({end});
    take();
    const auto is_parameter = [&](std::string_view name) {
        return std::any_of(signature.parameters.begin(), signature.parameters.end(),
                           [&](const auto& parameter) { return parameter.name == name; });
    };
    signature.takes_caller = around_.uses_caller && !is_parameter("caller");
    signature.takes_more = around_.uses_varargs;
    signature.takes_more_named = around_.uses_kwargs;
    signature.caller = symbols_->intern("caller");
    signature.varargs = symbols_->intern("varargs");
    signature.kwargs = symbols_->intern("kwargs");
    const auto inner = std::exchange(around_, outer);
    around_.uses_caller |= inner.uses_caller;
    return body;
}

StatementPtr Parser::parse_filter_block(std::size_t at) {
    auto node = std::make_unique<FilterBlock>(at);
    do node->filters.push_back(parse_filter());
    while (skip_symbol("|"));
    expect_block_end();
    node->body = parse_body({"endfilter"});
    take();
    return node;
}

Target Parser::parse_target(bool allow_member) {
    const auto at = peek().offset;
    auto first = parse_one_target(allow_member);
    if (!is_symbol(",")) return first;
    Target out;
    out.offset = at;
    out.unpack = true;
    out.parts.push_back(std::move(first));
    while (skip_symbol(",") && (peek().kind == TokenKind::name || is_symbol("(")) && !is_name("in")) {
        out.parts.push_back(parse_one_target(allow_member));
    }
    return out;
}

Target Parser::parse_one_target(bool allow_member) {
    Nested nested(*this);
    if (skip_symbol("(")) {
        auto inner = parse_target(allow_member);
        expect_symbol(")");
        return inner;
    }
    Target out;
    out.offset = peek().offset;
    out.name = expect_name().text;
    constexpr std::string_view constants[] = {"true", "false", "none", "True", "False", "None"};
    if (std::find(std::begin(constants), std::end(constants), out.name) != std::end(constants)) {
        fail_at(source_, out.offset, "cannot assign to '" + out.name + "'");
    }
    out.symbol = symbols_->intern(out.name);
    if (allow_member && skip_symbol(".")) out.member = expect_name().text;
    return out;
}

}  // namespace lamina::text::jinja
