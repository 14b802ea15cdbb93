// "{}".format(values): https://docs.python.org/3/library/string.html#format-string-syntax
#include <algorithm>
#include <charconv>

#include "text/jinja/format.hpp"
#include "text/jinja/print.hpp"
#include "text/jinja/unicode.hpp"

namespace lamina::text::jinja {

namespace {

class BraceFormat {
  public:
    BraceFormat(Interpreter& in, const MarkedText& pattern, const Arguments& values)
        : in_(in), pattern_(pattern), text_(pattern.text), values_(values), out_(in.budget()) {}

    Value run() {
        while (at_ < text_.size()) {
            const auto mark = std::min(text_.find_first_of("{}", at_), text_.size());
            out_.append(pattern_, at_, mark - at_);
            at_ = mark;
            if (at_ >= text_.size()) break;
            if (at_ + 1 < text_.size() && text_[at_ + 1] == text_[at_]) {
                out_.append(pattern_, at_, 1);
                at_ += 2;
            } else {
                field();
            }
        }
        return Value(out_.finish());
    }

  private:
    [[noreturn]] void fail(const std::string& message) { in_.budget().fail(message); }

    void field() {
        const auto end = text_.find('}', at_);
        if (text_[at_] == '}' || end == text_.npos) fail("a single brace in the format");
        auto inner = text_.substr(at_ + 1, end - at_ - 1);
        if (inner.find('{') != inner.npos) fail("nested fields are not supported");
        at_ = end + 1;
        const auto colon = inner.find(':');
        const auto spec = colon == inner.npos ? std::string_view{} : inner.substr(colon + 1);
        inner = inner.substr(0, colon);
        char conversion = 0;
        if (inner.size() >= 2 && inner[inner.size() - 2] == '!') {
            conversion = inner.back();
            inner.remove_suffix(2);
        }
        write(find(inner), conversion, parse(spec));
    }

    void write(const Value& value, char conversion, const FormatSpec& spec) {
        if (conversion == 0) return write_formatted(out_, value, spec);
        if (conversion != 's' && conversion != 'r') fail("unknown conversion in the format");
        TextBuilder text(in_.budget());
        conversion == 's' ? write_str(text, value) : write_repr(text, value);
        write_formatted(out_, Value(text.finish()), spec);
    }

    // 0.name[key]
    Value find(std::string_view path) {
        const auto end = std::min(path.find_first_of(".["), path.size());
        Value value = first(path.substr(0, end));
        for (auto at = end; at < path.size();) {
            in_.budget().step();
            const bool item = path[at] == '[';
            const auto stop =
                item ? path.find(']', at) : std::min(path.find_first_of(".[", at + 1), path.size());
            if (stop == path.npos) fail("']' is missing in the format");
            const auto part = path.substr(at + 1, stop - at - 1);
            std::int64_t index = 0;
            const auto number = std::from_chars(part.data(), part.data() + part.size(), index);
            const bool is_number =
                item && number.ec == std::errc() && number.ptr == part.data() + part.size();
            value = get_item(in_, value, is_number ? Value::integer(index) : Value(constant_text(part)));
            if (value.is_undefined()) fail("the format names a missing value");
            at = stop + (item ? 1 : 0);
        }
        return value;
    }

    Value first(std::string_view name) {
        std::size_t index = next_;
        if (name.empty()) {
            ++next_;
        } else {
            const auto number = std::from_chars(name.data(), name.data() + name.size(), index);
            if (number.ec != std::errc() || number.ptr != name.data() + name.size()) return named(name);
        }
        if (index >= values_.positional.size()) fail("not enough arguments for the format");
        return values_.positional[index];
    }

    Value named(std::string_view name) {
        for (const auto& argument : values_.named) {
            if (argument.first == name) return argument.second;
        }
        fail("the format names a missing value");
    }

    static bool is_align(char c) { return c == '<' || c == '>' || c == '^' || c == '='; }

    // [[fill]align][sign][#][0][width][,][.precision][type]
    FormatSpec parse(std::string_view text) {
        FormatSpec spec;
        spec.trusted = trusted_;
        const auto skip = [&](char c) {
            if (text.empty() || text[0] != c) return false;
            text.remove_prefix(1);
            return true;
        };
        const auto size = text.empty() ? 0 : character_size(text, 0);
        if (text.size() > size && is_align(text[size])) {
            spec.fill = text.substr(0, size);
            text.remove_prefix(size);
        }
        if (!text.empty() && is_align(text[0])) {
            spec.align = text[0];
            text.remove_prefix(1);
        }
        for (const char sign : {'+', '-', ' '}) {
            if (skip(sign)) spec.sign = sign;
        }
        spec.alternate = skip('#');
        if (skip('0') && !spec.align) spec.align = '=', spec.fill = "0";
        spec.width = number(text, 0);
        spec.group = skip(',');
        if (skip('.')) spec.precision = number(text, 0);
        if (!text.empty()) spec.type = text[0] == 'd' ? 'd' : text[0];
        if (text.size() > 1) fail("a format that is not understood");
        if (spec.type && std::string_view("dsxXobeEfFgG%").find(spec.type) == std::string_view::npos) {
            fail("a format that is not understood");
        }
        return spec;
    }

    static std::int64_t number(std::string_view& text, std::int64_t otherwise) {
        std::int64_t out = otherwise;
        const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
        if (end.ec == std::errc::result_out_of_range) out = max_string + 1;
        text.remove_prefix(static_cast<std::size_t>(end.ptr - text.data()));
        return out;
    }

    Interpreter& in_;
    const MarkedText& pattern_;
    std::string_view text_;
    const Arguments& values_;
    std::size_t at_ = 0, next_ = 0;
    TextBuilder out_;
    const bool trusted_ = wholly_trusted(pattern_);
};

}  // namespace

Value format_braces(Interpreter& in, const MarkedText& pattern, const Arguments& values) {
    return BraceFormat(in, pattern, values).run();
}

}  // namespace lamina::text::jinja
