#include "text/jinja/interpreter.hpp"

#include <algorithm>

namespace lamina::text::jinja {

namespace {

class MacroFunction : public Function {
  public:
    MacroFunction(const Macro& macro, Scope* scope) : macro_(macro), scope_(scope) {}
    Value call(Interpreter& in, const Arguments& arguments) override {
        return in.call_macro(macro_, scope_, arguments);
    }
    std::string_view name() const override { return macro_.name; }

  private:
    const Macro& macro_;
    Scope* scope_;  // where it was defined
};

// Counts up for as long as it lives; fails beyond the limit.
class Level {
  public:
    Level(int& level, int limit, const Budget& budget, const char* what) : level_(level) {
        if (level_ >= limit) budget.fail(std::string(what) + " deeper than " + std::to_string(limit));
        ++level_;
    }
    ~Level() { --level_; }

  private:
    int& level_;
};

}  // namespace

Interpreter::Interpreter(const Tree& tree, const std::tm& now, std::uint64_t steps)
    : tree_(tree), now_(now), budget_(tree.source, steps) {}

Interpreter::~Interpreter() {
    while (kept_) kept_ = std::move(kept_->kept_before);  // one after the other: the chain may be long
}

void Interpreter::define(const Dict& variables) {
    for (const auto& entry : variables.entries()) {
        // Callers write null for "no tools", and templates ask whether tools are defined.
        if (entry.value.is_none() && entry.key.text()->text == "tools") continue;
        const auto* symbol = tree_.symbols.find(entry.key.text()->text);
        if (symbol) root_.values[*symbol] = entry.value;
    }
}

MarkedText Interpreter::render() {
    TextBuilder out(budget_);
    out_ = &out;
    Inner scope(*this);
    execute(tree_.body);
    return out.take();
}

Value Interpreter::evaluate(const Expression& node) {
    Level level(evaluating_, max_evaluation, budget_, "evaluation nested");
    budget_.move_to(node.offset);
    budget_.step();
    return node.evaluate(*this);
}

Flow Interpreter::execute(const Body& body) {
    Level level(evaluating_, max_evaluation, budget_, "evaluation nested");
    for (const auto& statement : body) {
        budget_.move_to(statement->offset);
        budget_.step();
        const auto flow = statement->execute(*this);
        if (flow != Flow::next) return flow;
    }
    return Flow::next;
}

Value Interpreter::lookup(Symbol symbol, const std::string& name) const {
    for (const auto* scope = scope_; scope; scope = scope->parent) {
        const auto it = scope->values.find(symbol);
        if (it != scope->values.end()) return it->second;
    }
    if (auto function = find_global(name)) return Value(std::move(function));
    return Undefined{&name};
}

void Interpreter::assign(const Target& target, const Value& value) {
    budget_.move_to(target.offset);
    if (target.unpack) {
        const auto list = iterate(*this, value);
        if (list.size() != target.parts.size()) {
            budget_.fail("cannot unpack " + std::to_string(list.size()) + " values into " +
                         std::to_string(target.parts.size()));
        }
        for (std::size_t i = 0; i < target.parts.size(); ++i) assign(target.parts[i], list[i]);
    } else if (target.member.empty()) {
        assign(target.symbol, value);
    } else {
        const auto owner = lookup(target.symbol, target.name);
        const auto* space = owner.get<Namespace*>();
        if (!space) budget_.fail("cannot assign to a member of '" + target.name + "', which is no namespace");
        (*space)->members.set(budget_, Value(constant_text(target.member)), value);
    }
}

Namespace& Interpreter::make_namespace() {
    budget_.hold(sizeof(Namespace) + 64);
    namespaces_.push_back(std::make_unique<Namespace>(budget_));
    return *namespaces_.back();
}

Interpreter::Inner::Inner(Interpreter& in, Scope* parent)
    : in_(in), outer_(in.scope_), own_(std::make_unique<Scope>()) {
    own_->parent = parent;
    in.scope_ = own_.get();
}

Interpreter::Inner::~Inner() {
    in_.scope_ = outer_;
    if (!own_->captured) return;
    own_->kept_before = std::move(in_.kept_);
    in_.kept_ = std::move(own_);
}

Scope* Interpreter::capture_scope() {
    for (auto* scope = scope_; scope && !scope->captured; scope = scope->parent) scope->captured = true;
    return scope_;
}

Value Interpreter::call_macro(const Macro& macro, Scope* scope, const Arguments& arguments) {
    Level level(macro_depth_, max_depth, budget_, "macro calls nested");
    Inner inner(*this, scope);
    Capture capture(*this);
    bind_parameters(macro, arguments);
    execute(macro.body);
    return capture.finish();
}

void Interpreter::bind_parameters(const Macro& macro, const Arguments& arguments) {
    const auto& parameters = macro.signature.parameters;
    std::vector<bool> used(arguments.named.size(), false);
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const auto& parameter = parameters[i];
        const auto named =
            std::find_if(arguments.named.begin(), arguments.named.end(),
                         [&](const auto& argument) { return argument.first == parameter.name; });
        if (i < arguments.positional.size()) {
            assign(parameter.symbol, arguments.positional[i]);
        } else if (named != arguments.named.end()) {
            assign(parameter.symbol, named->second);
            used[static_cast<std::size_t>(named - arguments.named.begin())] = true;
        } else if (parameter.otherwise) {
            assign(parameter.symbol, evaluate(*parameter.otherwise));
        } else {
            assign(parameter.symbol, Undefined{&parameter.name});
        }
    }
    bind_more_positional(macro, arguments);
    bind_more_named(macro, arguments, used);
}

// Arguments that no parameter takes go where the body mentions varargs, kwargs or caller, and fail otherwise.
void Interpreter::bind_more_positional(const Macro& macro, const Arguments& arguments) {
    const auto& signature = macro.signature;
    const auto count = signature.parameters.size();
    if (signature.takes_more) {
        ListBuilder more(budget_, Shape::tuple);
        for (auto i = count; i < arguments.positional.size(); ++i) more.push(arguments.positional[i]);
        assign(signature.varargs, more.finish());
    } else if (arguments.positional.size() > count) {
        budget_.fail("macro '" + macro.name + "' takes at most " + std::to_string(count) + " arguments");
    }
}

void Interpreter::bind_more_named(const Macro& macro, const Arguments& arguments,
                                  const std::vector<bool>& used) {
    const auto& signature = macro.signature;
    if (signature.takes_caller) assign(signature.caller, Undefined{});
    auto more = std::make_shared<Dict>(budget_);
    for (std::size_t i = 0; i < arguments.named.size(); ++i) {
        const auto& argument = arguments.named[i];
        if (used[i]) continue;
        if (argument.first == "caller" && signature.takes_caller) {
            assign(signature.caller, argument.second);
        } else if (signature.takes_more_named) {
            more->set(budget_, Value(constant_text(argument.first)), argument.second);
        } else {
            budget_.fail("macro '" + macro.name + "' takes no argument '" + argument.first + "'");
        }
    }
    if (signature.takes_more_named) assign(signature.kwargs, Value(DictRef(std::move(more))));
}

Value call(Interpreter& in, const Value& callee, const Arguments& arguments) {
    if (callee.is_undefined()) fail_undefined(in.budget(), callee);
    const auto* function = callee.get<FunctionRef>();
    if (!function) in.budget().fail("'" + std::string(callee.type_name()) + "' cannot be called");
    const auto held = *function;  // the callee may overwrite the variable that holds it
    return held->call(in, arguments);
}

// ---- defining macros ----

Flow Macro::execute(Interpreter& in) const {
    in.assign(symbol, Value(FunctionRef(std::make_shared<MacroFunction>(*this, in.capture_scope()))));
    return Flow::next;
}

Flow CallBlock::execute(Interpreter& in) const {
    auto function = std::make_shared<MacroFunction>(*caller, in.capture_scope());
    const auto callee = call->evaluate_links(in, call->links.size() - 1);
    auto arguments = static_cast<const CallLink&>(*call->links.back()).arguments.evaluate(in);
    arguments.named.emplace_back("caller", Value(FunctionRef(std::move(function))));
    in.budget().move_to(offset);
    const auto value = jinja::call(in, callee, arguments);
    if (const auto* text = value.text()) in.out().append(*text);
    return Flow::next;
}

}  // namespace lamina::text::jinja
