#include "text/jinja/text.hpp"

#include <algorithm>

namespace lamina::text::jinja {

StringRef constant_text(std::string_view bytes, bool trusted) {
    auto out = std::make_shared<String>();
    out->text.text = bytes;
    if (!bytes.empty()) out->text.spans.push_back({bytes.size(), trusted});
    return out;
}

bool wholly_trusted(const MarkedText& text) {
    return std::all_of(text.spans.begin(), text.spans.end(), [](const Span& span) { return span.trusted; });
}

bool TrustCursor::at(std::size_t position) {
    while (position >= end_ && index_ < spans_->size()) end_ += (*spans_)[index_++].size;
    return index_ > 0 && position < end_ && (*spans_)[index_ - 1].trusted;
}

void TextBuilder::put(std::string_view bytes, bool trusted) {
    out_.text += bytes;
    charge_.grow(bytes.size());
    if (!out_.spans.empty() && out_.spans.back().trusted == trusted) {
        out_.spans.back().size += bytes.size();
        return;
    }
    charge_.grow(sizeof(Span));
    out_.spans.push_back({bytes.size(), trusted});
}

void TextBuilder::append(std::string_view bytes, bool trusted) {
    if (bytes.empty()) return;
    budget_->work(bytes.size());
    budget_->check_string(size() + bytes.size());
    put(bytes, trusted);
}

void TextBuilder::append(const MarkedText& text) { append(text, 0, text.text.size()); }

void TextBuilder::append(const MarkedText& text, std::size_t from, std::size_t size_wanted) {
    if (size_wanted == 0) return;
    budget_->work(size_wanted);
    budget_->check_string(size() + size_wanted);
    const std::string_view bytes = text.text;
    const auto end = from + size_wanted;
    std::size_t start = 0, seen = 0;
    for (const auto& span : text.spans) {
        ++seen;
        const auto stop = start + span.size;
        if (stop > from) {
            const auto first = std::max(start, from);
            put(bytes.substr(first, std::min(stop, end) - first), span.trusted);
        }
        start = stop;
        if (start >= end) break;
    }
    budget_->work(seen * sizeof(Span));
}

void TextBuilder::repeat(std::string_view bytes, std::size_t count, bool trusted) {
    if (bytes.empty() || count == 0) return;
    if (count > max_string) budget_->check_string(count);
    budget_->check_string(size() + bytes.size() * count);
    for (std::size_t i = 0; i < count; ++i) put(bytes, trusted);
    budget_->work(bytes.size() * count);
}

StringRef TextBuilder::finish() {
    auto out = std::make_shared<String>();
    out->text = std::move(out_);
    out->charge = std::move(charge_);
    out_ = {};
    charge_ = Charge(*budget_);
    out->charge.grow(sizeof(String) + 16);
    return out;
}

namespace {

// Knuth, Morris, Pratt (1977): never looks at a byte of the text twice.
std::size_t find_long(std::string_view text, std::string_view wanted) {
    std::vector<std::size_t> border(wanted.size(),
                                    0);  // longest proper prefix that is a suffix, for each prefix
    for (std::size_t i = 1, matched = 0; i < wanted.size(); ++i) {
        while (matched > 0 && wanted[i] != wanted[matched]) matched = border[matched - 1];
        if (wanted[i] == wanted[matched]) ++matched;
        border[i] = matched;
    }
    for (std::size_t i = 0, matched = 0; i < text.size(); ++i) {
        while (matched > 0 && text[i] != wanted[matched]) matched = border[matched - 1];
        if (text[i] == wanted[matched]) ++matched;
        if (matched == wanted.size()) return i + 1 - matched;
    }
    return std::string_view::npos;
}

constexpr std::size_t short_enough = 32;  // the library's search is quadratic, and fast on small texts

}  // namespace

std::size_t find_text(Budget& budget, std::string_view text, std::string_view wanted, std::size_t from) {
    if (from > text.size() || wanted.size() > text.size() - from) return text.npos;
    if (wanted.size() <= short_enough) {
        const auto found = text.find(wanted, from);
        budget.work((found == text.npos ? text.size() : found) - from);
        return found;
    }
    const Charge charge(budget, wanted.size() * sizeof(std::size_t));
    const auto found = find_long(text.substr(from), wanted);
    budget.work(wanted.size() + (found == text.npos ? text.size() - from : found));
    return found == text.npos ? found : found + from;
}

std::size_t find_text_backwards(Budget& budget, std::string_view text, std::string_view wanted,
                                std::size_t end) {
    if (wanted.size() > end) return text.npos;
    if (wanted.size() <= short_enough) {
        const auto found = text.rfind(wanted, end - wanted.size());
        budget.work(end - (found == text.npos ? 0 : found));
        return found;
    }
    budget.work(end + wanted.size());
    const Charge charge(budget, end + wanted.size() * (1 + sizeof(std::size_t)));
    const std::string backwards(text.rbegin() + static_cast<std::ptrdiff_t>(text.size() - end), text.rend());
    const auto found = find_long(backwards, std::string(wanted.rbegin(), wanted.rend()));
    return found == text.npos ? found : end - found - wanted.size();
}

StringRef slice(Budget& budget, const MarkedText& text, std::size_t from, std::size_t size) {
    TextBuilder out(budget);
    out.append(text, from, size);
    return out.finish();
}

}  // namespace lamina::text::jinja
