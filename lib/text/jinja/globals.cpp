// Functions that every template can call.
#include <algorithm>

#include "text/jinja/clock.hpp"
#include "text/jinja/interpreter.hpp"
#include "text/jinja/print.hpp"

namespace lamina::text::jinja {

namespace {

using Global = Value (*)(Interpreter& in, const Arguments& arguments);

class GlobalFunction : public Function {
  public:
    GlobalFunction(std::string_view name, Global global) : name_(name), global_(global) {}
    Value call(Interpreter& in, const Arguments& arguments) override { return global_(in, arguments); }
    std::string_view name() const override { return name_; }
    int depth() const override { return 0; }

  private:
    std::string_view name_;
    Global global_;
};

Value range(Interpreter& in, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "range", arguments, {"start", "stop", "step"}, 1);
    if (!arguments.named.empty()) budget.fail("range() takes no named arguments");
    const auto start = bound[1] ? bound.integer(0, 0) : 0, stop = bound.integer(bound[1] ? 1 : 0, 0);
    const auto step = bound.integer(2, 1);
    if (step == 0) budget.fail("range() needs a step other than 0");
    ListBuilder out(budget, Shape::range);
    for (auto i = start; step > 0 ? i < stop : i > stop;) {
        out.push(Value::integer(i));
        if (__builtin_add_overflow(i, step, &i)) break;
    }
    return out.finish();
}

// dict(mapping or pairs, name=value, ...)
void fill(Interpreter& in, Dict& out, const Arguments& arguments) {
    auto& budget = in.budget();
    if (arguments.positional.size() > 1) budget.fail("dict() takes at most one positional argument");
    if (!arguments.positional.empty()) {
        const auto& source = arguments.positional[0];
        if (const auto* dict = source.dict()) {
            for (const auto& entry : dict->entries()) out.set(budget, entry.key, entry.value);
        } else {
            for (const auto& pair : iterate(in, source)) {
                const auto parts = iterate(in, pair);
                if (parts.size() != 2) budget.fail("dict() needs pairs");
                out.set(budget, parts[0], parts[1]);
            }
        }
    }
    for (const auto& argument : arguments.named) {
        out.set(budget, Value(constant_text(argument.first)), argument.second);
    }
}

Value dict(Interpreter& in, const Arguments& arguments) {
    auto out = std::make_shared<Dict>(in.budget());
    fill(in, *out, arguments);
    return Value(DictRef(std::move(out)));
}

Value name_space(Interpreter& in, const Arguments& arguments) {
    auto& space = in.make_namespace();
    fill(in, space.members, arguments);
    return Value::space(&space);
}

Value raise_exception(Interpreter& in, const Arguments& arguments) {
    const Bound bound(in.budget(), "raise_exception", arguments, {"message"}, 1);
    in.budget().fail(to_text(in.budget(), *bound[0])->text.text);
}

Value strftime_now(Interpreter& in, const Arguments& arguments) {
    const Bound bound(in.budget(), "strftime_now", arguments, {"format"}, 1);
    TextBuilder out(in.budget());
    write_time(out, bound.text(0), in.now());
    return Value(out.finish());
}

// Gives its text on every call but the first.
class Joiner : public Function {
  public:
    explicit Joiner(StringRef separator) : separator_(std::move(separator)) {}
    Value call(Interpreter&, const Arguments&) override {
        return std::exchange(used_, true) ? Value(separator_) : Value(constant_text(""));
    }
    std::string_view name() const override { return "joiner"; }

  private:
    StringRef separator_;
    bool used_ = false;
};

Value joiner(Interpreter& in, const Arguments& arguments) {
    const Bound bound(in.budget(), "joiner", arguments, {"sep"});
    auto separator = bound[0] ? to_text(in.budget(), *bound[0]) : constant_text(", ");
    return Value(FunctionRef(std::make_shared<Joiner>(std::move(separator))));
}

// cycler(a, b, ...) with next(), reset() and current.
class Cycler : public Function, public std::enable_shared_from_this<Cycler> {
  public:
    explicit Cycler(std::vector<Value> items) : items_(std::move(items)) {
        for (const auto& item : items_) depth_ = std::max(depth_, item.depth() + 1);
    }
    Value call(Interpreter& in, const Arguments&) override {
        in.budget().fail("a cycler has next() and reset()");
    }
    Value attribute(Interpreter&, const std::string& name) override;
    std::string_view name() const override { return "cycler"; }
    int depth() const override { return depth_; }

    Value next() {
        auto value = items_[at_];
        at_ = (at_ + 1) % items_.size();
        return value;
    }
    void reset() { at_ = 0; }

  private:
    std::vector<Value> items_;
    std::size_t at_ = 0;
    int depth_ = 1;
};

class CyclerMethod : public Function {
  public:
    CyclerMethod(std::shared_ptr<Cycler> cycler, bool advance)
        : cycler_(std::move(cycler)), advance_(advance) {}
    Value call(Interpreter&, const Arguments&) override {
        if (advance_) return cycler_->next();
        cycler_->reset();
        return None{};
    }
    std::string_view name() const override { return advance_ ? "next" : "reset"; }
    int depth() const override { return cycler_->depth() + 1; }

  private:
    std::shared_ptr<Cycler> cycler_;
    bool advance_;
};

Value Cycler::attribute(Interpreter& in, const std::string& name) {
    if (name == "current") return items_[at_];
    if (name != "next" && name != "reset") return Undefined{&name};
    in.budget().check_depth(depth() + 1);
    return Value(FunctionRef(std::make_shared<CyclerMethod>(shared_from_this(), name == "next")));
}

Value cycler(Interpreter& in, const Arguments& arguments) {
    if (arguments.positional.empty()) in.budget().fail("cycler() needs values");
    auto out = std::make_shared<Cycler>(arguments.positional);
    in.budget().check_depth(out->depth());
    return Value(FunctionRef(std::move(out)));
}

struct Entry {
    std::string_view name;
    Global global;
};

constexpr Entry globals[] = {
    {"cycler", cycler},
    {"dict", dict},
    {"joiner", joiner},
    {"namespace", name_space},
    {"range", range},
    {"raise_exception", raise_exception},
    {"strftime_now", strftime_now},
};

}  // namespace

FunctionRef find_global(std::string_view name) {
    const auto* it =
        std::find_if(std::begin(globals), std::end(globals), [&](const Entry& e) { return e.name == name; });
    return it == std::end(globals) ? nullptr : std::make_shared<GlobalFunction>(it->name, it->global);
}

}  // namespace lamina::text::jinja
