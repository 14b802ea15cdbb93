// Template source to tokens. Whitespace control is done here, with trim_blocks and lstrip_blocks on as chat
// templates expect: https://jinja.palletsprojects.com/en/stable/templates/#whitespace-control
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lamina::text::jinja {

enum class TokenKind {
    data,
    print_begin,
    print_end,
    block_begin,
    block_end,
    name,
    text,
    integer,
    real,
    symbol,
    end
};

struct Token {
    TokenKind kind = TokenKind::end;
    std::string text;        // decoded where it is a text, without "_" where it is a number
    std::size_t offset = 0;  // byte of the source
};

// `source` is UTF-8 with "\n" line ends. Throws template_failed.
std::vector<Token> tokenize(std::string_view source);

}  // namespace lamina::text::jinja
