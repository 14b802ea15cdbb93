// Building texts that remember who wrote each byte.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "text/jinja/budget.hpp"
#include "text/provenance.hpp"

namespace lamina::text::jinja {

// An immutable text of the template's run.
struct String {
    MarkedText text;
    Charge charge;
};
using StringRef = std::shared_ptr<const String>;

// A text outside any budget: constants of the tree.
StringRef constant_text(std::string_view bytes, bool trusted = true);
bool wholly_trusted(const MarkedText& text);

// Asks a text who wrote the byte at a position; positions must not decrease.
class TrustCursor {
  public:
    explicit TrustCursor(const MarkedText& text) : spans_(&text.spans) {}
    bool at(std::size_t position);

  private:
    const std::vector<Span>* spans_;
    std::size_t index_ = 0, end_ = 0;  // the span under the cursor is spans_[index_ - 1] and ends before end_
};

// The only way to make a text during a run: bounded in size, charged to the budget, neighbours of one origin
// merged.
class TextBuilder {
  public:
    explicit TextBuilder(Budget& budget) : budget_(&budget), charge_(budget) {}

    void append(std::string_view bytes, bool trusted);
    void append(const MarkedText& text);
    void append(const MarkedText& text, std::size_t from, std::size_t size);
    void repeat(std::string_view bytes, std::size_t count, bool trusted);

    std::size_t size() const { return out_.text.size(); }
    const MarkedText& view() const { return out_; }
    Budget& budget() const { return *budget_; }
    StringRef finish();  // leaves the builder empty
    MarkedText take() { return std::move(out_); }

  private:
    void put(std::string_view bytes, bool trusted);

    Budget* budget_;
    MarkedText out_;
    Charge charge_;
};

// Where `wanted` is in `text` at or after `from`, or npos; linear in the sizes whatever they hold.
std::size_t find_text(Budget& budget, std::string_view text, std::string_view wanted, std::size_t from);
// The last place that ends at or before `end`.
std::size_t find_text_backwards(Budget& budget, std::string_view text, std::string_view wanted,
                                std::size_t end);

// A part of a text.
StringRef slice(Budget& budget, const MarkedText& text, std::size_t from, std::size_t size);

}  // namespace lamina::text::jinja
