// The tree of a parsed template. Chains (a + b + c, x.y[0](1)|trim, a and b) are one node each, so the depth
// of the tree is bounded by the nesting of the source, which the parser counts.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/jinja/function.hpp"

namespace lamina::text::jinja {

using Symbol = std::uint32_t;  // a name of the template

class Symbols {
  public:
    Symbol intern(std::string_view name);
    const Symbol* find(std::string_view name) const;

  private:
    std::map<std::string, Symbol, std::less<>> ids_;
};

struct Expression {
    explicit Expression(std::size_t at) : offset(at) {}
    virtual ~Expression() = default;
    virtual Value evaluate(Interpreter& in) const = 0;

    std::size_t offset;  // byte of the source
};
using ExpressionPtr = std::unique_ptr<const Expression>;

enum class Flow { next, break_loop, continue_loop };

struct Statement {
    explicit Statement(std::size_t at) : offset(at) {}
    virtual ~Statement() = default;
    virtual Flow execute(Interpreter& in) const = 0;

    std::size_t offset;
};
using StatementPtr = std::unique_ptr<const Statement>;
using Body = std::vector<StatementPtr>;

// ---- expressions ----

struct Literal : Expression {
    Literal(std::size_t at, Value v) : Expression(at), value(std::move(v)) {}
    Value evaluate(Interpreter&) const override { return value; }
    Value value;
};

struct Name : Expression {
    Name(std::size_t at, std::string n, Symbol s) : Expression(at), name(std::move(n)), symbol(s) {}
    Value evaluate(Interpreter& in) const override;
    std::string name;
    Symbol symbol;
};

struct ListLiteral : Expression {
    ListLiteral(std::size_t at, Shape s) : Expression(at), shape(s) {}
    Value evaluate(Interpreter& in) const override;
    Shape shape;  // list or tuple
    std::vector<ExpressionPtr> items;
};

struct DictLiteral : Expression {
    using Expression::Expression;
    Value evaluate(Interpreter& in) const override;
    std::vector<std::pair<ExpressionPtr, ExpressionPtr>> items;
};

struct Conditional : Expression {
    using Expression::Expression;
    Value evaluate(Interpreter& in) const override;
    ExpressionPtr condition, then, otherwise;  // otherwise may be null
};

struct Logic : Expression {  // a and b and c; a or b or c
    using Expression::Expression;
    Value evaluate(Interpreter& in) const override;
    bool stop_at = false;  // the truth value that ends the chain
    std::vector<ExpressionPtr> parts;
};

struct Not : Expression {
    using Expression::Expression;
    Value evaluate(Interpreter& in) const override;
    ExpressionPtr operand;
};

struct Sign : Expression {
    using Expression::Expression;
    Value evaluate(Interpreter& in) const override;
    bool negative = false;
    ExpressionPtr operand;
};

enum class Operator { add, subtract, multiply, divide, floor_divide, modulo, power };

struct Arithmetic : Expression {  // operators of one rank, from left to right
    using Expression::Expression;
    Value evaluate(Interpreter& in) const override;
    ExpressionPtr first;
    std::vector<std::pair<Operator, ExpressionPtr>> rest;
};

struct Concatenation : Expression {  // a ~ b ~ c
    using Expression::Expression;
    Value evaluate(Interpreter& in) const override;
    std::vector<ExpressionPtr> parts;
};

enum class Relation { equal, not_equal, less, less_equal, greater, greater_equal, in, not_in };

struct Comparison : Expression {  // a < b < c
    using Expression::Expression;
    Value evaluate(Interpreter& in) const override;
    ExpressionPtr first;
    std::vector<std::pair<Relation, ExpressionPtr>> rest;
};

struct CallArguments {
    std::vector<ExpressionPtr> positional;
    std::vector<std::pair<std::string, ExpressionPtr>> named;
    ExpressionPtr more_positional, more_named;  // *args, **kwargs; may be null
    Arguments evaluate(Interpreter& in) const;
};

// One link behind a value: .name, [i], [a:b:c], (...), |filter, is test.
struct Link {
    explicit Link(std::size_t at) : offset(at) {}
    virtual ~Link() = default;
    virtual Value apply(Interpreter& in, const Value& value) const = 0;
    std::size_t offset;
};
using LinkPtr = std::unique_ptr<const Link>;

struct Postfix : Expression {
    using Expression::Expression;
    Value evaluate(Interpreter& in) const override;
    Value evaluate_links(Interpreter& in, std::size_t count) const;
    ExpressionPtr base;
    std::vector<LinkPtr> links;
};

struct AttributeLink : Link {
    AttributeLink(std::size_t at, std::string n) : Link(at), name(std::move(n)) {}
    Value apply(Interpreter& in, const Value& value) const override;
    std::string name;
};

struct ItemLink : Link {
    ItemLink(std::size_t at, ExpressionPtr k) : Link(at), key(std::move(k)) {}
    Value apply(Interpreter& in, const Value& value) const override;
    ExpressionPtr key;
};

struct SliceLink : Link {
    using Link::Link;
    Value apply(Interpreter& in, const Value& value) const override;
    ExpressionPtr start, stop, step;  // each may be null
};

struct CallLink : Link {
    using Link::Link;
    Value apply(Interpreter& in, const Value& value) const override;
    CallArguments arguments;
};

struct FilterLink : Link {
    using Link::Link;
    Value apply(Interpreter& in, const Value& value) const override;
    std::string name;
    CallArguments arguments;
};

struct TestLink : Link {
    using Link::Link;
    Value apply(Interpreter& in, const Value& value) const override;
    std::string name;
    bool negated = false;
    CallArguments arguments;
};

// ---- statements ----

// What an assignment writes to: a name, a member of a namespace, or several of them.
struct Target {
    std::size_t offset = 0;
    Symbol symbol = 0;
    std::string name;    // of the variable, for messages
    std::string member;  // not empty: namespace.member
    bool unpack = false;
    std::vector<Target> parts;  // where `unpack`
};

struct Data : Statement {
    Data(std::size_t at, StringRef t) : Statement(at), text(std::move(t)) {}
    Flow execute(Interpreter& in) const override;
    StringRef text;
};

struct Print : Statement {
    Print(std::size_t at, ExpressionPtr v) : Statement(at), value(std::move(v)) {}
    Flow execute(Interpreter& in) const override;
    ExpressionPtr value;
};

struct If : Statement {
    using Statement::Statement;
    Flow execute(Interpreter& in) const override;
    std::vector<std::pair<ExpressionPtr, Body>> branches;
    Body otherwise;
};

struct For : Statement {
    using Statement::Statement;
    Flow execute(Interpreter& in) const override;
    Target target;
    ExpressionPtr items, condition;  // condition may be null
    Body body, otherwise;
    Symbol loop = 0;

  private:
    Value select(Interpreter& in, const Value& all) const;
};

struct Jump : Statement {  // break, continue
    Jump(std::size_t at, Flow f) : Statement(at), flow(f) {}
    Flow execute(Interpreter&) const override { return flow; }
    Flow flow;
};

struct Set : Statement {
    using Statement::Statement;
    Flow execute(Interpreter& in) const override;
    Target target;
    ExpressionPtr value;
};

struct SetBlock : Statement {
    using Statement::Statement;
    Flow execute(Interpreter& in) const override;
    Target target;
    std::vector<LinkPtr> filters;
    Body body;
};

struct With : Statement {  // also the body of {% generation %}, without variables
    using Statement::Statement;
    Flow execute(Interpreter& in) const override;
    std::vector<std::pair<Target, ExpressionPtr>> variables;
    Body body;
};

struct Signature {
    struct Parameter {
        std::string name;
        Symbol symbol = 0;
        ExpressionPtr otherwise;  // may be null
    };
    std::vector<Parameter> parameters;
    // The body mentions them, so the call may pass them.
    bool takes_more = false, takes_more_named = false, takes_caller = false;
    Symbol varargs = 0, kwargs = 0, caller = 0;
};

struct Macro : Statement {
    using Statement::Statement;
    Flow execute(Interpreter& in) const override;
    std::string name;
    Symbol symbol = 0;
    Signature signature;
    Body body;
};

struct CallBlock : Statement {
    using Statement::Statement;
    Flow execute(Interpreter& in) const override;
    std::unique_ptr<const Macro> caller;
    std::unique_ptr<const Postfix> call;  // its last link is a CallLink
};

struct FilterBlock : Statement {
    using Statement::Statement;
    Flow execute(Interpreter& in) const override;
    std::vector<LinkPtr> filters;
    Body body;
};

struct Tree {
    std::string source;  // with line ends as "\n" and without the last of them
    Symbols symbols;
    Body body;
};

}  // namespace lamina::text::jinja
