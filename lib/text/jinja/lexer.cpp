#include "text/jinja/lexer.hpp"

#include <algorithm>
#include <array>

#include "text/jinja/budget.hpp"
#include "text/jinja/literal.hpp"
#include "text/jinja/unicode.hpp"

namespace lamina::text::jinja {

namespace {

std::string_view strip_right(std::string_view text) {
    while (!text.empty()) {
        auto start = previous_start(text, text.size());
        auto at = start;
        if (!is_space(next_character(text, at))) break;
        text = text.substr(0, start);
    }
    return text;
}

class Lexer {
  public:
    explicit Lexer(std::string_view source) : source_(source) {}

    std::vector<Token> run() {
        while (at_ < source_.size()) data();
        push(TokenKind::end, "", source_.size());
        return std::move(tokens_);
    }

  private:
    void push(TokenKind kind, std::string_view text, std::size_t offset) {
        tokens_.push_back({kind, std::string(text), offset});
    }
    std::string_view rest() const { return source_.substr(at_); }
    bool skip(std::string_view text) {
        if (rest().substr(0, text.size()) != text) return false;
        at_ += text.size();
        return true;
    }
    void skip_space() {
        while (at_ < source_.size()) {
            auto next = at_;
            if (!is_space(next_character(source_, next))) return;
            at_ = next;
        }
    }

    // Everything up to the next tag, and the tag.
    void data() {
        const auto start = at_;
        auto tag = source_.find('{', start);
        while (tag != source_.npos && (tag + 1 >= source_.size() || !is_tag(source_[tag + 1]))) {
            tag = source_.find('{', tag + 1);
        }
        if (tag == source_.npos) {
            push(TokenKind::data, rest(), start);
            at_ = source_.size();
            return;
        }
        const char kind = source_[tag + 1];
        at_ = tag + 2;
        const char sign = take_sign();
        push_data(source_.substr(start, tag - start), start, sign, kind == '{');
        if (kind == '#') return comment(tag);
        if (kind == '%' && raw(tag)) return;
        push(kind == '{' ? TokenKind::print_begin : TokenKind::block_begin, "", tag);
        code(kind == '{' ? "}}" : "%}", tag);
        push(kind == '{' ? TokenKind::print_end : TokenKind::block_end, "", at_);
        end_tag(kind == '{' ? "}}" : "%}");
    }

    static bool is_tag(char c) { return c == '{' || c == '%' || c == '#'; }

    char take_sign() {
        if (at_ < source_.size() && (source_[at_] == '-' || source_[at_] == '+')) return source_[at_++];
        return ' ';
    }

    void push_data(std::string_view text, std::size_t offset, char sign, bool print) {
        if (sign == '-') {
            text = strip_right(text);
        } else if (sign != '+' && !print) {
            const auto line = text.rfind('\n') == text.npos ? 0 : text.rfind('\n') + 1;
            if ((line > 0 || line_start_) && strip_right(text.substr(line)).empty())
                text = text.substr(0, line);
        }
        if (!text.empty()) push(TokenKind::data, text, offset);
    }

    // Whether the tag's end stands here; consumes it with the whitespace that goes with it.
    bool at_end(std::string_view end) const {
        const auto text = rest();
        if (text.substr(0, end.size()) == end) return true;
        const bool sign = !text.empty() && (text[0] == '-' || (text[0] == '+' && end != "}}"));
        return sign && text.substr(1, end.size()) == end;
    }

    void end_tag(std::string_view end) {
        const bool strip = skip("-");
        const bool keep = !strip && end != "}}" && skip("+");
        at_ += end.size();
        if (strip)
            skip_space();
        else if (!keep && end != "}}")
            skip("\n");
        line_start_ = source_[at_ - 1] == '\n';
    }

    void comment(std::size_t tag) {
        const auto end = source_.find("#}", at_);
        if (end == source_.npos) fail_at(source_, tag, "the comment is not closed");
        at_ = end > at_ && (source_[end - 1] == '-' || source_[end - 1] == '+') ? end - 1 : end;
        end_tag("#}");
    }

    // {% raw %} ... {% endraw %}; false where the tag is another one.
    bool raw(std::size_t tag) {
        const auto begin = at_;
        skip_space();
        const bool is_raw = skip("raw");
        if (is_raw) skip_space();
        const bool strip = is_raw && skip("-%}");
        if (!is_raw || (!strip && !skip("%}"))) {
            at_ = begin;
            return false;
        }
        if (strip) skip_space();
        line_start_ = source_[at_ - 1] == '\n';
        const auto start = at_;
        for (auto end = source_.find("{%", start); end != source_.npos; end = source_.find("{%", end + 1)) {
            at_ = end + 2;
            const char end_sign = take_sign();
            skip_space();
            if (!skip("endraw")) continue;
            skip_space();
            if (!at_end("%}")) continue;
            push_data(source_.substr(start, end - start), start, end_sign, false);
            end_tag("%}");
            return true;
        }
        fail_at(source_, tag, "the raw block is not closed");
    }

    // The tokens inside a tag, up to its end.
    void code(std::string_view end, std::size_t tag) {
        std::vector<char> open;
        for (;;) {
            skip_space();
            if (at_ >= source_.size()) fail_at(source_, tag, "the tag is not closed");
            if (open.empty() && at_end(end)) return;
            token(open);
        }
    }

    void token(std::vector<char>& open) {
        const auto start = at_;
        const char c = source_[at_];
        if (c == '"' || c == '\'') {
            auto text = read_text(source_, at_);
            push(TokenKind::text, text, start);
        } else if (c >= '0' && c <= '9') {
            const auto number = read_number(source_, at_);
            push(number.real ? TokenKind::real : TokenKind::integer, number.digits, start);
        } else if (name()) {
            push(TokenKind::name, source_.substr(start, at_ - start), start);
        } else {
            symbol(open);
        }
    }

    bool name() {
        auto at = at_;
        const char32_t first = next_character(source_, at);
        if (first != '_' && !is_letter(first)) return false;
        for (at_ = at; at < source_.size(); at_ = at) {
            const char32_t c = next_character(source_, at);
            if (c != '_' && !is_letter(c) && !is_digit(c)) return true;
        }
        at_ = source_.size();
        return true;
    }

    void symbol(std::vector<char>& open) {
        constexpr std::array<std::string_view, 27> symbols = {
            "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "[", "]",
            "(",  ")",  "{",  "}",  ">",  "<",  "=", ".", ":", "|", ",", ";", "!"};
        const auto found = std::find_if(symbols.begin(), symbols.end(),
                                        [&](std::string_view s) { return rest().substr(0, s.size()) == s; });
        if (found == symbols.end() || *found == "!") fail_at(source_, at_, "unexpected character");
        balance(open, found->front());
        push(TokenKind::symbol, *found, at_);
        at_ += found->size();
    }

    // A tag's end counts only outside of brackets: {{ {"a": {}} }}.
    void balance(std::vector<char>& open, char c) {
        constexpr std::string_view opening = "([{", closing = ")]}";
        if (opening.find(c) != opening.npos) open.push_back(closing[opening.find(c)]);
        if (closing.find(c) == closing.npos) return;
        if (open.empty() || open.back() != c) fail_at(source_, at_, std::string("unexpected '") + c + "'");
        open.pop_back();
    }

    std::string_view source_;
    std::size_t at_ = 0;
    bool line_start_ = true;  // what precedes the data ends a line
    std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) { return Lexer(source).run(); }

}  // namespace lamina::text::jinja
