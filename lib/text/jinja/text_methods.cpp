#include "text/jinja/text_methods.hpp"

#include <algorithm>

#include "text/jinja/format.hpp"
#include "text/jinja/print.hpp"
#include "text/jinja/unicode.hpp"

namespace lamina::text::jinja {

namespace {

using Text = MarkedText;

template <Side side>
Value strip_method(Interpreter& in, const Text& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "strip", arguments, {"chars"});
    return Value(strip(in.budget(), self, bound.has(0) ? &bound.text(0) : nullptr, side));
}

template <LetterCase to>
Value case_method(Interpreter& in, const Text& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "case", arguments, {});
    return Value(change_case(in.budget(), self, to));
}

// ---- splitting ----

// Words between runs of whitespace; from the right where the number of splits is limited and `backwards`.
Value split_words(Interpreter& in, const Text& self, std::int64_t count, bool backwards) {
    const std::string_view bytes = self.text;
    struct Word {
        std::size_t from, to;
    };
    std::vector<Word> words;
    for (std::size_t at = 0, start = bytes.npos; at <= bytes.size();) {
        auto next = at;
        const bool space = at == bytes.size() || is_space(next_character(bytes, next));
        if (!space && start == bytes.npos) start = at;
        if (space && start != bytes.npos) {
            in.budget().check_elements(words.size() + 1);
            words.push_back({start, at});
            start = bytes.npos;
        }
        at = at == bytes.size() ? at + 1 : next;
    }
    in.budget().work(bytes.size());
    // What the limit leaves together keeps its inner whitespace, and the outer on its far side is dropped.
    const auto limit = count < 0 ? words.size() : static_cast<std::size_t>(count);
    if (words.size() > limit) {
        const auto rest = words.size() - limit;
        if (backwards) {
            const Word joined{0, words[rest - 1].to};
            words.erase(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(rest));
            words.insert(words.begin(), joined);
        } else {
            words.resize(limit + 1);
            words.back().to = bytes.size();
        }
    }
    ListBuilder out(in.budget());
    for (const auto& word : words) out.push(Value(slice(in.budget(), self, word.from, word.to - word.from)));
    return out.finish();
}

Value split_at(Interpreter& in, const Text& self, const Text& separator, std::int64_t count) {
    ListBuilder out(in.budget());
    std::size_t at = 0;
    for (; count != 0; --count) {
        const auto found = find_text(in.budget(), self.text, separator.text, at);
        if (found == std::string::npos) break;
        out.push(Value(slice(in.budget(), self, at, found - at)));
        at = found + separator.text.size();
    }
    out.push(Value(slice(in.budget(), self, at, self.text.size() - at)));
    return out.finish();
}

Value split_at_backwards(Interpreter& in, const Text& self, const Text& separator, std::int64_t count) {
    std::vector<Value> parts;
    std::size_t end = self.text.size();
    for (; count != 0; --count) {
        const auto found = find_text_backwards(in.budget(), self.text, separator.text, end);
        if (found == std::string::npos) break;
        const auto from = found + separator.text.size();
        in.budget().check_elements(parts.size() + 1);
        parts.emplace_back(slice(in.budget(), self, from, end - from));
        end = found;
    }
    parts.emplace_back(slice(in.budget(), self, 0, end));
    ListBuilder out(in.budget());
    for (auto it = parts.rbegin(); it != parts.rend(); ++it) out.push(std::move(*it));
    return out.finish();
}

template <bool backwards>
Value split_method(Interpreter& in, const Text& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "split", arguments, {"sep", "maxsplit"});
    const auto count = bound.integer(1, -1);
    if (!bound.has(0)) return split_words(in, self, count, backwards);
    if (bound.text(0).text.empty()) in.budget().fail("split() got an empty separator");
    return backwards ? split_at_backwards(in, self, bound.text(0), count)
                     : split_at(in, self, bound.text(0), count);
}

Value split_lines_method(Interpreter& in, const Text& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "splitlines", arguments, {"keepends"});
    ListBuilder out(in.budget());
    for (auto& line : split_lines(in.budget(), self, bound.truthy(0))) out.push(Value(std::move(line)));
    return out.finish();
}

template <bool backwards>
Value partition_method(Interpreter& in, const Text& self, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "partition", arguments, {"sep"}, 1);
    const auto& separator = bound.text(0);
    if (separator.text.empty()) budget.fail("partition() got an empty separator");
    const auto size = self.text.size();
    const auto found = backwards ? find_text_backwards(budget, self.text, separator.text, size)
                                 : find_text(budget, self.text, separator.text, 0);
    const Value whole(slice(budget, self, 0, size)), empty(constant_text(""));
    ListBuilder out(budget, Shape::tuple);
    if (found == std::string::npos) {
        out.push(backwards ? empty : whole);
        out.push(empty);
        out.push(backwards ? whole : empty);
    } else {
        const auto after = found + separator.text.size();
        out.push(Value(slice(budget, self, 0, found)));
        out.push(Value(slice(budget, self, found, after - found)));
        out.push(Value(slice(budget, self, after, size - after)));
    }
    return out.finish();
}

// ---- searching ----

// The part between the characters `start` and `end` of a method's arguments, in bytes.
std::pair<std::size_t, std::size_t> window(Interpreter& in, const Text& self, const Bound& bound) {
    const std::string_view bytes = self.text;
    if (!bound.has(1) && !bound.has(2)) return {0, bytes.size()};
    in.budget().work(bytes.size());
    const auto count = static_cast<std::int64_t>(count_characters(bytes));
    const auto resolve = [&](std::size_t i, std::int64_t otherwise) {
        const auto index = bound.has(i) ? bound.integer(i, 0) : otherwise;
        return index < 0 ? std::max<std::int64_t>(index < -count ? 0 : index + count, 0) : index;
    };
    const auto from = resolve(1, 0), to = std::min(resolve(2, count), count);
    if (from > to) return {1, 0};  // nothing fits into it, not even an empty text
    std::size_t begin = 0;
    for (std::int64_t i = 0; i < from; ++i) begin += character_size(bytes, begin);
    auto end = begin;
    for (auto i = from; i < to; ++i) end += character_size(bytes, end);
    return {begin, end};
}

template <bool at_end>
Value affix_method(Interpreter& in, const Text& self, const Arguments& arguments) {
    const Bound bound(in.budget(), at_end ? "endswith" : "startswith", arguments, {"affix", "start", "end"},
                      1);
    const auto part = window(in, self, bound);
    if (part.first > part.second) return Value::boolean(false);
    const auto text = std::string_view(self.text).substr(part.first, part.second - part.first);
    const auto matches = [&](const Value& value) {
        if (!value.text()) in.budget().fail("startswith() and endswith() need a text or a tuple of texts");
        const std::string_view affix = value.text()->text;
        in.budget().work(affix.size());
        if (affix.size() > text.size()) return false;
        return text.substr(at_end ? text.size() - affix.size() : 0, affix.size()) == affix;
    };
    const auto* several = bound[0]->list();
    if (!several) return Value::boolean(matches(*bound[0]));
    return Value::boolean(std::any_of(several->items.begin(), several->items.end(), matches));
}

// The index of the character where it is found, or -1.
template <bool backwards, bool must>
Value find_method_of_text(Interpreter& in, const Text& self, const Arguments& arguments) {
    auto& budget = in.budget();
    const Bound bound(budget, "find", arguments, {"sub", "start", "end"}, 1);
    const std::string_view wanted = bound.text(0).text;
    const auto part = window(in, self, bound);
    auto found = std::string::npos;
    if (part.first <= part.second) {
        const auto text = std::string_view(self.text).substr(0, part.second);
        found = backwards ? find_text_backwards(budget, text, wanted, part.second)
                          : find_text(budget, text, wanted, part.first);
        if (found != std::string::npos && found < part.first) found = std::string::npos;
    }
    if (found == std::string::npos && must) budget.fail("the text does not hold what is looked for");
    if (found == std::string::npos) return Value::integer(-1);
    budget.work(found);
    return Value::size(count_characters(std::string_view(self.text).substr(0, found)));
}

Value count_method(Interpreter& in, const Text& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "count", arguments, {"sub", "start", "end"}, 1);
    const std::string_view wanted = bound.text(0).text;
    const auto part = window(in, self, bound);
    if (part.first > part.second) return Value::integer(0);
    const auto text = std::string_view(self.text).substr(0, part.second);
    if (wanted.empty()) return Value::size(count_characters(text.substr(part.first)) + 1);
    std::int64_t count = 0;
    for (auto at = part.first;; ++count) {
        at = find_text(in.budget(), text, wanted, at);
        if (at == text.npos) return Value::integer(count);
        at += wanted.size();
    }
}

// ---- building ----

Value replace_method(Interpreter& in, const Text& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "replace", arguments, {"old", "new", "count"}, 2);
    return Value(replace(in.budget(), self, bound.text(0), bound.text(1), bound.integer(2, -1)));
}

Value join_method(Interpreter& in, const Text& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "join", arguments, {"iterable"}, 1);
    TextBuilder out(in.budget());
    bool first = true;
    for (const auto& item : iterate(in, *bound[0])) {
        if (!item.text()) in.budget().fail("join() needs texts, got '" + std::string(item.type_name()) + "'");
        if (!first) out.append(self);
        first = false;
        out.append(*item.text());
    }
    return Value(out.finish());
}

template <bool at_end>
Value remove_affix_method(Interpreter& in, const Text& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "removeprefix", arguments, {"affix"}, 1);
    const auto& affix = bound.text(0).text;
    const auto size = self.text.size();
    const bool fits =
        affix.size() <= size && self.text.compare(at_end ? size - affix.size() : 0, affix.size(), affix) == 0;
    const auto cut = fits ? affix.size() : 0;
    return Value(slice(in.budget(), self, at_end ? 0 : cut, size - cut));
}

template <Side side>
Value justify_method(Interpreter& in, const Text& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "just", arguments, {"width", "fillchar"}, 1);
    const auto width = bound.integer(0, 0);
    const auto size = static_cast<std::int64_t>(count_characters(self.text));
    const std::string_view fill = bound[1] ? std::string_view(bound.text(1).text) : " ";
    if (count_characters(fill) != 1) in.budget().fail("the fill must be one character");
    const bool trusted = !bound[1] || wholly_trusted(bound.text(1));
    const auto missing = std::max<std::int64_t>(width - size, 0);
    const auto left = side == Side::left    ? 0
                      : side == Side::right ? missing
                                            : missing / 2 + (missing & width & 1);
    TextBuilder out(in.budget());
    out.repeat(fill, static_cast<std::size_t>(left), trusted);
    out.append(self);
    out.repeat(fill, static_cast<std::size_t>(missing - left), trusted);
    return Value(out.finish());
}

Value zfill_method(Interpreter& in, const Text& self, const Arguments& arguments) {
    const Bound bound(in.budget(), "zfill", arguments, {"width"}, 1);
    const auto missing = bound.integer(0, 0) - static_cast<std::int64_t>(count_characters(self.text));
    const std::size_t sign = !self.text.empty() && (self.text[0] == '-' || self.text[0] == '+');
    TextBuilder out(in.budget());
    out.append(self, 0, sign);
    out.repeat("0", static_cast<std::size_t>(std::max<std::int64_t>(missing, 0)), true);
    out.append(self, sign, self.text.size() - sign);
    return Value(out.finish());
}

Value format_method(Interpreter& in, const Text& self, const Arguments& arguments) {
    return format_braces(in, self, arguments);
}

// Not empty, and every character is of the kind.
template <bool (*is_kind)(char32_t)>
Value all_method(Interpreter& in, const Text& self, const Arguments&) {
    in.budget().work(self.text.size());
    for (std::size_t at = 0; at < self.text.size();) {
        if (!is_kind(next_character(self.text, at))) return Value::boolean(false);
    }
    return Value::boolean(!self.text.empty());
}

bool is_letter_or_digit(char32_t c) { return is_letter(c) || is_digit(c); }

// Has a cased character, and none of the other case.
template <bool (*is_other)(char32_t)>
Value cased_method(Interpreter& in, const Text& self, const Arguments&) {
    in.budget().work(self.text.size());
    bool cased = false;
    for (std::size_t at = 0; at < self.text.size();) {
        const char32_t c = next_character(self.text, at);
        if (is_other(c)) return Value::boolean(false);
        cased |= is_cased(c);
    }
    return Value::boolean(cased);
}

struct Entry {
    std::string_view name;
    TextMethod method;
};

constexpr Entry methods[] = {
    {"capitalize", case_method<LetterCase::capitalized>},
    {"casefold", case_method<LetterCase::lower>},
    {"center", justify_method<Side::both>},
    {"count", count_method},
    {"endswith", affix_method<true>},
    {"find", find_method_of_text<false, false>},
    {"format", format_method},
    {"index", find_method_of_text<false, true>},
    {"isalnum", all_method<is_letter_or_digit>},
    {"isalpha", all_method<is_letter>},
    {"isdecimal", all_method<is_digit>},
    {"isdigit", all_method<is_digit>},
    {"islower", cased_method<is_upper>},
    {"isnumeric", all_method<is_digit>},
    {"isspace", all_method<is_space>},
    {"isupper", cased_method<is_lower>},
    {"join", join_method},
    {"ljust", justify_method<Side::left>},
    {"lower", case_method<LetterCase::lower>},
    {"lstrip", strip_method<Side::left>},
    {"partition", partition_method<false>},
    {"removeprefix", remove_affix_method<false>},
    {"removesuffix", remove_affix_method<true>},
    {"replace", replace_method},
    {"rfind", find_method_of_text<true, false>},
    {"rindex", find_method_of_text<true, true>},
    {"rjust", justify_method<Side::right>},
    {"rpartition", partition_method<true>},
    {"rsplit", split_method<true>},
    {"rstrip", strip_method<Side::right>},
    {"split", split_method<false>},
    {"splitlines", split_lines_method},
    {"startswith", affix_method<false>},
    {"strip", strip_method<Side::both>},
    {"swapcase", case_method<LetterCase::swapped>},
    {"title", case_method<LetterCase::title>},
    {"upper", case_method<LetterCase::upper>},
    {"zfill", zfill_method},
};

}  // namespace

TextMethod find_text_method(std::string_view name) {
    const auto* it =
        std::find_if(std::begin(methods), std::end(methods), [&](const Entry& e) { return e.name == name; });
    return it == std::end(methods) ? nullptr : it->method;
}

}  // namespace lamina::text::jinja
