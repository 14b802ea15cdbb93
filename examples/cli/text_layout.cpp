#include "text_layout.hpp"

#include <algorithm>
#include <utility>

namespace lamina::cli {
namespace {

void wrap_paragraph(std::string_view text, std::size_t width, std::vector<std::string>& lines) {
    std::string line;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find(' ', begin), text.size());
        const std::string_view word = text.substr(begin, end - begin);
        begin = end + 1;
        if (!line.empty() && line.size() + 1 + word.size() > width) lines.push_back(std::exchange(line, {}));
        if (!line.empty()) line += ' ';
        line += word;
    }
    lines.push_back(line);
}

}  // namespace

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        wrap_paragraph(text.substr(begin, end - begin), width, lines);
        begin = end + 1;
    }
    return lines;
}

std::string indented(std::string_view text, std::size_t indent, std::size_t width) {
    std::string out;
    for (const std::string& line : wrap(text, width > indent ? width - indent : 1)) {
        out += line.empty() ? "\n" : std::string(indent, ' ') + line + "\n";
    }
    return out;
}

}  // namespace lamina::cli
