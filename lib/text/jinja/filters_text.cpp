// Filters on texts, and those that make a text of any value.
#include <algorithm>

#include "text/jinja/filters.hpp"
#include "text/jinja/format.hpp"
#include "text/jinja/print.hpp"
#include "text/jinja/text_methods.hpp"
#include "text/jinja/unicode.hpp"

namespace lamina::text::jinja {

namespace {

Value trim(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "trim", arguments, {"chars"});
    const auto text = to_text(in.budget(), value);
    return Value(strip(in.budget(), text->text, bound.has(0) ? &bound.text(0) : nullptr, Side::both));
}

template <LetterCase to>
Value change_case_filter(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "case", arguments, {});
    return Value(change_case(in.budget(), to_text(in.budget(), value)->text, to));
}

// Unlike str.title: words begin behind spaces, hyphens and opening brackets only.
Value title(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "title", arguments, {});
    const auto text = to_text(in.budget(), value);
    TextBuilder out(in.budget());
    TrustCursor cursor(text->text);
    const std::string_view bytes = text->text.text;
    bool start = true;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto begin = at;
        const char32_t c = next_character(bytes, at);
        const bool breaks =
            is_space(c) ||
            (c < 0x80 && std::string_view("-({[<").find(static_cast<char>(c)) != std::string_view::npos);
        out.append(start ? to_upper(c) : to_lower(c), cursor.at(begin));
        start = breaks;
    }
    return Value(out.finish());
}

Value string(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "string", arguments, {});
    return Value(to_text(in.budget(), value));
}

Value replace_filter(Interpreter& in, const Value& value, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "replace", arguments, {"old", "new", "count"}, 2);
    const auto text = to_text(budget, value), old = to_text(budget, *bound[0]),
               by = to_text(budget, *bound[1]);
    return Value(replace(budget, text->text, old->text, by->text, bound.has(2) ? bound.integer(2, -1) : -1));
}

Value join(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "join", arguments, {"d", "attribute"});
    const auto separator = bound[0] ? to_text(in.budget(), *bound[0]) : constant_text("");
    TextBuilder out(in.budget());
    bool first = true;
    for (const auto& item : iterate(in, value)) {
        in.budget().step();
        if (!first) out.append(separator->text);
        first = false;
        write_str(out, bound.has(1) ? get_path(in, item, *bound[1]) : item);
    }
    return Value(out.finish());
}

// As markupsafe: &amp; &lt; &gt; &#39; &#34;
Value escape(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "escape", arguments, {});
    const auto text = to_text(in.budget(), value);
    TextBuilder out(in.budget());
    TrustCursor cursor(text->text);
    std::size_t at = 0;
    for (const char c : text->text.text) {
        const std::string_view escaped = c == '&'    ? "&amp;"
                                         : c == '<'  ? "&lt;"
                                         : c == '>'  ? "&gt;"
                                         : c == '\'' ? "&#39;"
                                         : c == '"'  ? "&#34;"
                                                     : std::string_view(&c, 1);
        out.append(escaped, cursor.at(at++));
    }
    return Value(out.finish());
}

Value indent(Interpreter& in, const Value& value, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "indent", arguments, {"width", "first", "blank"});
    const bool first = bound.truthy(1), blank = bound.truthy(2);
    TextBuilder margin(budget);
    if (bound[0] && bound[0]->text())
        margin.append(*bound[0]->text());
    else
        margin.repeat(" ", static_cast<std::size_t>(std::max<std::int64_t>(bound.integer(0, 4), 0)), true);
    if (!value.text()) budget.fail("indent() needs a text, got '" + std::string(value.type_name()) + "'");
    TextBuilder ended(budget);
    ended.append(*value.text());
    ended.append("\n", true);  // so that a last empty line counts as one
    const auto lines = split_lines(budget, ended.view(), false);
    TextBuilder out(budget);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0) out.append("\n", true);
        if (i == 0 ? first : blank || !lines[i]->text.text.empty()) out.append(margin.view());
        out.append(lines[i]->text);
    }
    return Value(out.finish());
}

Value center_filter(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "center", arguments, {"width"});
    return Value(center(in.budget(), to_text(in.budget(), value)->text, bound.integer(0, 80)));
}

Value format_filter(Interpreter& in, const Value& value, const Arguments& arguments) {
    auto& budget = in.budget();
    const auto pattern = to_text(budget, value);
    if (arguments.named.empty()) {
        ListBuilder values(budget, Shape::tuple);
        for (const auto& argument : arguments.positional) values.push(argument);
        return format_percent(in, pattern->text, values.finish());
    }
    if (!arguments.positional.empty()) budget.fail("format() takes positional or named arguments, not both");
    auto values = std::make_shared<Dict>(budget);
    for (const auto& argument : arguments.named) {
        values->set(budget, Value(constant_text(argument.first)), argument.second);
    }
    return format_percent(in, pattern->text, Value(DictRef(std::move(values))));
}

Value truncate(Interpreter& in, const Value& value, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "truncate", arguments, {"length", "killwords", "end", "leeway"});
    if (!value.text() && length_of(in, value) <= bound.integer(0, 255)) return value;
    if (!value.text()) budget.fail("truncate() needs a text, got '" + std::string(value.type_name()) + "'");
    const auto text = *value.get<StringRef>();
    const auto end = bound[2] ? to_text(budget, *bound[2]) : constant_text("...");
    const auto length = bound.integer(0, 255), leeway = bound.has(3) ? bound.integer(3, 5) : 5;
    const auto end_size = static_cast<std::int64_t>(count_characters(end->text.text));
    if (length < end_size || leeway < 0) budget.fail("truncate() got a length shorter than its end");
    const std::string_view bytes = text->text.text;
    budget.work(bytes.size());
    const auto size = static_cast<std::int64_t>(count_characters(bytes));
    if (size <= length || size - length <= leeway) return Value(text);
    std::size_t cut = 0;
    for (std::int64_t i = 0; i < length - end_size; ++i) cut += character_size(bytes, cut);
    if (!bound.truthy(1)) cut = std::min(cut, bytes.substr(0, cut).rfind(' '));
    TextBuilder out(budget);
    out.append(text->text, 0, cut);
    out.append(end->text);
    return Value(out.finish());
}

Value word_count(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "wordcount", arguments, {});
    const auto text = to_text(in.budget(), value);
    std::int64_t count = 0;
    bool inside = false;
    for (std::size_t at = 0; at < text->text.text.size();) {
        const char32_t c = next_character(text->text.text, at);
        const bool word = c == '_' || is_letter(c) || is_digit(c);
        count += word && !inside;
        inside = word;
    }
    return Value::integer(count);
}

Value url_encode(Interpreter& in, const Value& value, const Arguments& arguments) {
    const Bound bound(in.budget(), "urlencode", arguments, {});
    if (value.list() || value.dict()) in.budget().fail("urlencode() of lists and mappings is not supported");
    const auto text = to_text(in.budget(), value);
    TextBuilder out(in.budget());
    TrustCursor cursor(text->text);
    std::size_t at = 0;
    for (const char c : text->text.text) {
        const bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                           std::string_view("_.-~/").find(c) != std::string_view::npos;
        constexpr char digits[] = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        const char coded[] = {'%', digits[byte >> 4], digits[byte & 0xF]};
        out.append(plain ? std::string_view(&c, 1) : std::string_view(coded, 3), cursor.at(at++));
    }
    return Value(out.finish());
}

// The arguments of json.dumps, with ensure_ascii off as chat templates expect.
Value to_json(Interpreter& in, const Value& value, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"});
    const Value* wanted = bound.has(1) ? bound[1] : nullptr;
    JsonStyle style;
    TextBuilder margin(budget);
    if (wanted && wanted->text()) {
        margin.append(*wanted->text());
    } else if (wanted) {
        const auto width = wanted->as_integer();
        if (!width) budget.fail("tojson() needs an integer or text as indent");
        margin.repeat(" ", static_cast<std::size_t>(std::max<std::int64_t>(*width, 0)), true);
    }
    style.indent = wanted ? &margin.view() : nullptr;
    style.between_items = constant_text(wanted ? "," : ", ")->text;
    style.behind_key = constant_text(": ")->text;
    if (bound.has(2)) {
        const auto pair = iterate(in, *bound[2]);
        if (pair.size() != 2 || !pair[0].text() || !pair[1].text()) {
            budget.fail("tojson() needs two texts as separators");
        }
        style.between_items = *pair[0].text();
        style.behind_key = *pair[1].text();
    }
    style.ascii = bound.truthy(0);
    style.sort_keys = bound.truthy(3);
    TextBuilder out(budget);
    write_json(out, value, style);
    return Value(out.finish());
}

constexpr FilterEntry filters[] = {
    {"capitalize", change_case_filter<LetterCase::capitalized>},
    {"center", center_filter},
    {"e", escape},
    {"escape", escape},
    {"forceescape", escape},
    {"format", format_filter},
    {"indent", indent},
    {"join", join},
    {"lower", change_case_filter<LetterCase::lower>},
    {"replace", replace_filter},
    {"safe", string},
    {"string", string},
    {"title", title},
    {"tojson", to_json},
    {"trim", trim},
    {"truncate", truncate},
    {"upper", change_case_filter<LetterCase::upper>},
    {"urlencode", url_encode},
    {"wordcount", word_count},
};

}  // namespace

Filter find_text_filter(std::string_view name) { return find_in(filters, name); }

}  // namespace lamina::text::jinja
