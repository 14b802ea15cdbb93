#include "message_reader.hpp"

#include "files.hpp"
#include "lamina/error.hpp"

namespace lamina::cli {
namespace {

constexpr std::string_view quotes = "\"\"\"";
constexpr std::string_view first_prompt = "> ";
constexpr std::string_view next_prompt = ". ";
constexpr std::size_t longest_message = 16 << 20;

void require_room(const std::string& text) {
    if (text.size() <= longest_message) return;
    throw Error(ErrorCode::bad_file, ErrorDetails{.file = "standard input",
                                                  .expected = "a message of at most 16 MiB",
                                                  .found = "a longer one"});
}

}  // namespace

LineReader::Event MessageReader::read_line(std::string& line, std::string_view prompt) {
    const LineReader::Event event = lines_.read(line, prompt);
    if (event == LineReader::Event::line) require_utf8(line, "standard input");
    return event;
}

// Beginnings of a message are text that Ctrl-C drops, however empty its last line is.
LineReader::Event MessageReader::read_next(std::string& line) {
    const LineReader::Event event = read_line(line, next_prompt);
    return event == LineReader::Event::interrupted ? LineReader::Event::cleared : event;
}

LineReader::Event MessageReader::read(ChatInput& input) {
    input = {};
    const LineReader::Event event = read_line(input.text, first_prompt);
    if (event != LineReader::Event::line) return event;
    input.literal = input.text.starts_with(quotes);
    return input.literal ? read_quoted(input.text) : read_continued(input.text);
}

LineReader::Event MessageReader::read_quoted(std::string& text) {
    text.erase(0, quotes.size());
    while (!text.ends_with(quotes)) {
        std::string line;
        const LineReader::Event event = read_next(line);
        if (event == LineReader::Event::end && !lines_.interactive()) {
            throw Error(ErrorCode::bad_file, ErrorDetails{.file = "standard input",
                                                          .expected = "\"\"\" at the end of the message",
                                                          .found = "the end of the input"});
        }
        if (event != LineReader::Event::line) return event;
        text += "\n" + line;
        require_room(text);
    }
    text.erase(text.size() - quotes.size());
    if (text.starts_with('\n')) text.erase(0, 1);
    if (text.ends_with('\n')) text.pop_back();
    return LineReader::Event::line;
}

LineReader::Event MessageReader::read_continued(std::string& text) {
    while (text.ends_with('\\')) {
        text.back() = '\n';
        std::string line;
        const LineReader::Event event = read_next(line);
        if (event == LineReader::Event::end && !lines_.interactive()) break;
        if (event != LineReader::Event::line) return event;
        text += line;
        require_room(text);
    }
    return LineReader::Event::line;
}

std::string as_typed(const ChatInput& input) {
    if (!input.literal) return input.text;
    return std::string(quotes) + "\n" + input.text + "\n" + std::string(quotes);
}

}  // namespace lamina::cli
