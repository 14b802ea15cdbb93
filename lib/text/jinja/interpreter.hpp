// One rendering: scopes, output and budget. The nodes of the tree evaluate themselves with it
// (expressions.cpp, links.cpp, statements.cpp).
#pragma once

#include <ctime>
#include <map>
#include <memory>
#include <vector>

#include "text/jinja/ast.hpp"
#include "text/jinja/budget.hpp"
#include "text/jinja/function.hpp"

namespace lamina::text::jinja {

struct Scope {
    Scope* parent = nullptr;
    std::map<Symbol, Value> values;
    bool captured = false;               // a macro defined in it may outlive it
    std::unique_ptr<Scope> kept_before;  // links the scopes kept for such macros
};

class Interpreter {
  public:
    Interpreter(const Tree& tree, const std::tm& now, std::uint64_t steps);
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;
    ~Interpreter();

    // Makes every member of the mapping a variable.
    void define(const Dict& variables);
    MarkedText render();

    Value evaluate(const Expression& node);
    Flow execute(const Body& body);

    Budget& budget() { return budget_; }
    TextBuilder& out() { return *out_; }
    const std::tm& now() const { return now_; }

    Value lookup(Symbol symbol, const std::string& name) const;
    void assign(const Target& target, const Value& value);
    void assign(Symbol symbol, Value value) { scope_->values[symbol] = std::move(value); }
    Namespace& make_namespace();

    // A scope for as long as the object lives.
    class Inner {
      public:
        explicit Inner(Interpreter& in) : Inner(in, in.scope_) {}
        Inner(Interpreter& in, Scope* parent);
        ~Inner();

      private:
        Interpreter& in_;
        Scope* outer_;
        std::unique_ptr<Scope> own_;
    };
    // Collects what is printed for as long as the object lives.
    class Capture {
      public:
        explicit Capture(Interpreter& in) : in_(in), outer_(in.out_), text_(in.budget_) { in.out_ = &text_; }
        ~Capture() { in_.out_ = outer_; }
        Value finish() { return Value(text_.finish()); }

      private:
        Interpreter& in_;
        TextBuilder* outer_;
        TextBuilder text_;
    };

    // The current scope, kept until the end of the run.
    Scope* capture_scope();
    Value call_macro(const Macro& macro, Scope* scope, const Arguments& arguments);

  private:
    void bind_parameters(const Macro& macro, const Arguments& arguments);
    void bind_more_positional(const Macro& macro, const Arguments& arguments);
    void bind_more_named(const Macro& macro, const Arguments& arguments, const std::vector<bool>& used);

    const Tree& tree_;
    std::tm now_;
    Budget budget_;
    std::vector<std::unique_ptr<Namespace>> namespaces_;
    std::unique_ptr<Scope> kept_;
    Scope root_;
    Scope* scope_ = &root_;
    TextBuilder* out_ = nullptr;
    int evaluating_ = 0, macro_depth_ = 0;
};

// ---- what the language offers by name; each is one table in its own file ----

using Filter = Value (*)(Interpreter& in, const Value& value, const Arguments& arguments);
using Test = bool (*)(Interpreter& in, const Value& value, const Arguments& arguments);

Filter find_filter(std::string_view name);  // null where there is none
Test find_test(std::string_view name);
Value apply_filter(Interpreter& in, std::string_view name, const Value& value, const Arguments& arguments);
bool apply_test(Interpreter& in, std::string_view name, const Value& value, const Arguments& arguments);
// A global function (range, namespace, raise_exception, ...), or null.
FunctionRef find_global(std::string_view name);
// A method of a built-in type, or undefined.
Value find_method(Interpreter& in, const Value& self, const std::string& name);

// ---- operations on values that several files need ----

Value get_attribute(Interpreter& in, const Value& value, const std::string& name);
Value get_item(Interpreter& in, const Value& value, const Value& key);
// "a.b.0" taken part by part, as the filters' `attribute` arguments do.
Value get_path(Interpreter& in, const Value& value, const Value& path, const Value* otherwise = nullptr);
Value take_slice(Interpreter& in, const Value& value, const Value* start, const Value* stop,
                 const Value* step);
Value calculate(Interpreter& in, Operator op, const Value& a, const Value& b);
bool contains(Interpreter& in, const Value& container, const Value& item);
Value call(Interpreter& in, const Value& callee, const Arguments& arguments);
// What iterating gives; fails where Python cannot iterate.
class Items {
  public:
    explicit Items(ListRef list) : list_(std::move(list)) {}
    auto begin() const { return list_->items.begin(); }
    auto end() const { return list_->items.end(); }
    std::size_t size() const { return list_->items.size(); }
    const Value& operator[](std::size_t i) const { return list_->items[i]; }
    const ListRef& list() const { return list_; }

  private:
    ListRef list_;  // held, so that a loop over a temporary is safe
};
Items iterate(Interpreter& in, const Value& value);
std::int64_t length_of(Interpreter& in, const Value& value);
[[noreturn]] void fail_undefined(const Budget& budget, const Value& value);

}  // namespace lamina::text::jinja
