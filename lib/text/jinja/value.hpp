// The values of a template's run, with Python's meaning. Texts, lists and mappings are immutable once built
// (the language that chat templates are written for forbids changing them), so no cycle can arise but through
// namespaces, which the interpreter owns.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text/jinja/text.hpp"

namespace lamina::text::jinja {

class Value;
struct List;
class Dict;
struct Namespace;
struct Loop;
class Function;
using ListRef = std::shared_ptr<const List>;
using DictRef = std::shared_ptr<const Dict>;
using LoopRef = std::shared_ptr<const Loop>;
using FunctionRef = std::shared_ptr<Function>;

struct Undefined {
    const std::string* name = nullptr;  // lives in the tree; null where the name was computed
    bool unsafe = false;                // a method that would change a list or mapping
};
struct None {};

class Value {
  public:
    using Data = std::variant<Undefined, None, bool, std::int64_t, double, StringRef, ListRef, DictRef,
                              Namespace*, LoopRef, FunctionRef>;

    Value() = default;
    Value(Undefined v) : data_(v) {}
    Value(None) : data_(None{}) {}
    Value(StringRef v) : data_(std::move(v)) {}
    Value(ListRef v) : data_(std::move(v)) {}
    Value(DictRef v) : data_(std::move(v)) {}
    Value(LoopRef v) : data_(std::move(v)) {}
    Value(FunctionRef v) : data_(std::move(v)) {}
    // Named, as C++ would convert between these unasked.
    static Value boolean(bool v, bool trusted = true) {
        return Value(Data(std::in_place_type<bool>, v), trusted);
    }
    static Value integer(std::int64_t v, bool trusted = true) {
        return Value(Data(std::in_place_type<std::int64_t>, v), trusted);
    }
    static Value size(std::size_t v) { return integer(static_cast<std::int64_t>(v)); }
    static Value real(double v, bool trusted = true) {
        return Value(Data(std::in_place_type<double>, v), trusted);
    }
    static Value space(Namespace* v) { return Value(Data(std::in_place_type<Namespace*>, v), true); }

    template <typename T>
    bool is() const {
        return std::holds_alternative<T>(data_);
    }
    template <typename T>
    const T* get() const {
        return std::get_if<T>(&data_);
    }
    bool is_undefined() const { return is<Undefined>(); }
    bool is_none() const { return is<None>(); }
    const MarkedText* text() const {
        const auto* ref = get<StringRef>();
        return ref ? &(*ref)->text : nullptr;
    }
    const List* list() const;
    const Dict* dict() const;
    // Booleans are integers too, as in Python.
    std::optional<std::int64_t> as_integer() const;
    std::optional<double> as_number() const;

    bool trusted() const { return trusted_; }
    Value marked(bool trusted) && {
        trusted_ = trusted;
        return std::move(*this);
    }
    int depth() const;                   // 0 for what holds no other values
    std::string_view type_name() const;  // Python's, for messages

  private:
    Value(Data data, bool trusted) : data_(std::move(data)), trusted_(trusted) {}

    Data data_;
    bool trusted_ = true;  // false: came with the input; texts keep it for each byte instead
};

// What a sequence is to Python decides how it prints and what it allows.
enum class Shape { list, tuple, generator, range, keys, values, items };

struct List {
    std::vector<Value> items;
    Shape shape = Shape::list;
    int depth = 1;
    Charge charge;
};

class ListBuilder {
  public:
    explicit ListBuilder(Budget& budget, Shape shape = Shape::list);
    void push(Value value);
    std::size_t size() const { return list_->items.size(); }
    Value finish(bool trusted = true) { return Value(ListRef(std::move(list_))).marked(trusted); }

  private:
    Budget* budget_;
    std::shared_ptr<List> list_;
};

// Keys in the order of their first insertion.
class Dict {
  public:
    struct Entry {
        Value key, value;
    };

    explicit Dict(Budget& budget) : charge_(budget) {}
    // Null where there is no such key; fails on a key that has no hash.
    const Value* find(Budget& budget, const Value& key) const;
    const Value* find(std::string_view key) const;
    void set(Budget& budget, Value key, Value value);
    const std::vector<Entry>& entries() const { return entries_; }
    std::size_t size() const { return entries_.size(); }
    int depth() const { return depth_; }

  private:
    std::vector<Entry> entries_;
    std::map<std::string, std::size_t, std::less<>> index_;  // canonical key -> entry
    int depth_ = 1;
    Charge charge_;
};

struct Namespace {
    explicit Namespace(Budget& budget) : members(budget) {}
    Dict members;
};

struct Loop {
    Value items;  // a list
    std::size_t index = 0;
    int depth = 0;
};

bool is_hashable(Budget& budget, const Value& value);
bool is_truthy(const Value& value);
bool equal(Budget& budget, const Value& a, const Value& b);
enum class Order { less, equal, greater, unordered };
// Fails where Python has no order between the two.
Order compare(Budget& budget, const Value& a, const Value& b);

}  // namespace lamina::text::jinja
