// Values as text: Python's str() and repr(), and JSON as json.dumps writes it.
#pragma once

#include <string>

#include "text/jinja/value.hpp"

namespace lamina::text::jinja {

void write_str(TextBuilder& out, const Value& value);
void write_repr(TextBuilder& out, const Value& value);
StringRef to_text(Budget& budget, const Value& value);  // str()
std::string repr_of(double value);

struct JsonStyle {
    const MarkedText* indent = nullptr;  // written once a level; null: all on one line
    MarkedText between_items, behind_key;
    bool ascii = false, sort_keys = false;
};
void write_json(TextBuilder& out, const Value& value, const JsonStyle& style);

}  // namespace lamina::text::jinja
