// What a template can call, and how the arguments of a call reach it.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/value.hpp"

namespace lamina::text::jinja {

class Interpreter;

struct Arguments {
    std::vector<Value> positional;
    std::vector<std::pair<std::string, Value>> named;
};

class Function {
  public:
    virtual ~Function() = default;
    virtual Value call(Interpreter& in, const Arguments& arguments) = 0;
    virtual Value attribute(Interpreter&, const std::string& name) { return Undefined{&name}; }
    virtual std::string_view name() const = 0;
    virtual int depth() const { return 1; }
};

// The arguments of a call by position or name, against the names of its parameters.
class Bound {
  public:
    Bound(Budget& budget, std::string_view callee, const Arguments& arguments,
          std::initializer_list<std::string_view> names, std::size_t required = 0);

    // Null where it was not given.
    const Value* operator[](std::size_t i) const { return values_[i]; }
    // Given, and not None.
    bool has(std::size_t i) const { return values_[i] && !values_[i]->is_none(); }
    bool truthy(std::size_t i, bool otherwise = false) const {
        return values_[i] ? is_truthy(*values_[i]) : otherwise;
    }
    std::int64_t integer(std::size_t i, std::int64_t otherwise) const;
    const MarkedText& text(std::size_t i) const;  // fails where it is no text

  private:
    Budget* budget_;
    std::string_view callee_;
    std::vector<const Value*> values_;
};

}  // namespace lamina::text::jinja
