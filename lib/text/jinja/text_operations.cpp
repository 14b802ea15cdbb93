#include <algorithm>

#include "text/jinja/text_methods.hpp"
#include "text/jinja/unicode.hpp"

namespace lamina::text::jinja {

StringRef strip(Budget& budget, const MarkedText& text, const MarkedText* characters, Side side) {
    const std::string_view bytes = text.text;
    const auto drops = [&](std::size_t at) {
        if (!characters) return is_space(next_character(bytes, at));
        budget.work(characters->text.size());
        return characters->text.find(bytes.substr(at, character_size(bytes, at))) != std::string::npos;
    };
    std::size_t from = 0, to = bytes.size();
    while (side != Side::right && from < to && drops(from)) from += character_size(bytes, from);
    while (side != Side::left && to > from && drops(previous_start(bytes, to)))
        to = previous_start(bytes, to);
    budget.work(bytes.size());
    return slice(budget, text, from, to - from);
}

StringRef change_case(Budget& budget, const MarkedText& text, LetterCase to) {
    TextBuilder out(budget);
    TrustCursor cursor(text);
    bool start = true;  // of the text, or of a word where each word counts
    for (std::size_t at = 0; at < text.text.size();) {
        const auto begin = at;
        const char32_t c = next_character(text.text, at);
        const bool first = start && (to == LetterCase::capitalized || to == LetterCase::title);
        const bool up = to == LetterCase::upper || (to == LetterCase::swapped && is_lower(c));
        out.append(up ? to_upper(c) : first ? to_title(c) : to_lower(c), cursor.at(begin));
        start = to == LetterCase::title && !is_cased(c);
    }
    return out.finish();
}

namespace {

// An empty text stands before every character and at the end.
StringRef replace_empty(Budget& budget, const MarkedText& text, const MarkedText& by, std::int64_t count) {
    TextBuilder out(budget);
    for (std::size_t at = 0; at <= text.text.size() && count != 0; --count) {
        out.append(by);
        if (at == text.text.size()) return out.finish();
        const auto size = character_size(text.text, at);
        out.append(text, at, size);
        at += size;
        if (count == 1) {
            out.append(text, at, text.text.size() - at);
            return out.finish();
        }
    }
    return out.finish();
}

}  // namespace

StringRef replace(Budget& budget, const MarkedText& text, const MarkedText& old, const MarkedText& by,
                  std::int64_t count) {
    if (count == 0) return slice(budget, text, 0, text.text.size());
    if (old.text.empty()) return replace_empty(budget, text, by, count);
    TextBuilder out(budget);
    std::size_t at = 0;
    for (; count != 0; --count) {
        const auto found = find_text(budget, text.text, old.text, at);
        if (found == std::string::npos) break;
        out.append(text, at, found - at);
        out.append(by);
        at = found + old.text.size();
    }
    out.append(text, at, text.text.size() - at);
    return out.finish();
}

std::vector<StringRef> split_lines(Budget& budget, const MarkedText& text, bool keep_ends) {
    const std::string_view bytes = text.text;
    const auto ends_line = [](char32_t c) {
        return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
               c == 0x2029;
    };
    std::vector<StringRef> out;
    std::size_t start = 0;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto end = at;
        const char32_t c = next_character(bytes, at);
        if (!ends_line(c)) continue;
        if (c == '\r' && at < bytes.size() && bytes[at] == '\n') ++at;
        budget.check_elements(out.size() + 1);
        out.push_back(slice(budget, text, start, (keep_ends ? at : end) - start));
        start = at;
    }
    if (start < bytes.size()) out.push_back(slice(budget, text, start, bytes.size() - start));
    return out;
}

// An odd space goes to the left where both the padding and the width are odd, as in CPython.
StringRef center(Budget& budget, const MarkedText& text, std::int64_t width) {
    const auto size = static_cast<std::int64_t>(count_characters(text.text));
    const auto missing = std::max<std::int64_t>(width - size, 0);
    const auto left = missing / 2 + (missing & width & 1);
    TextBuilder out(budget);
    out.repeat(" ", static_cast<std::size_t>(left), true);
    out.append(text);
    out.repeat(" ", static_cast<std::size_t>(missing - left), true);
    return out.finish();
}

}  // namespace lamina::text::jinja
