#include "line_reader.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "lamina/error.hpp"
#include "line_editor.hpp"
#include "signals.hpp"
#include "terminal.hpp"

namespace lamina::cli {
namespace {

constexpr std::size_t longest_line = 16 << 20;

// Adds what there is to `buffer`; false at the end of the input.
bool read_more(std::string& buffer) {
    char bytes[65536];
    for (;;) {
        const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
        if (count < 0 && errno == EINTR) continue;
        // A terminal that was hung up says EIO: that is its end.
        if (count < 0 && errno != EIO) {
            throw Error(
                ErrorCode::io,
                ErrorDetails{.file = "standard input", .expected = "a line", .found = std::strerror(errno)});
        }
        if (count <= 0) return false;
        buffer.append(bytes, static_cast<std::size_t>(count));
        return true;
    }
}

void require_room(const std::string& buffer) {
    if (buffer.size() <= longest_line) return;
    throw Error(ErrorCode::bad_file,
                ErrorDetails{.file = "standard input",
                             .expected = fmt::format("lines of at most {} bytes", longest_line),
                             .found = "a longer one"});
}

}  // namespace

LineReader::LineReader() {
    if (interactive() && !is_dumb()) editor_ = std::make_unique<LineEditor>();
}

LineReader::~LineReader() = default;

bool LineReader::interactive() const { return is_terminal(stdin) && is_terminal(stdout); }

LineReader::Event LineReader::read(std::string& line, std::string_view prompt) {
    line.clear();
    std::fflush(stdout);
    if (editor_) return editor_->read(line, prompt);
    if (interactive()) {
        fmt::print("{}", prompt);
        std::fflush(stdout);
    }
    const Event event = read_plain(line);
    if (event != Event::line && interactive()) fmt::print("\n");
    return event;
}

// The first line of the buffer; at the end of the input what is left is one.
bool LineReader::take_line(std::string& line) {
    const std::size_t end = buffer_.find('\n', searched_);
    searched_ = buffer_.size();
    if (end == std::string::npos && !(ended_ && !buffer_.empty())) return false;
    line = buffer_.substr(0, end);
    buffer_.erase(0, end == std::string::npos ? end : end + 1);
    searched_ = 0;
    while (line.ends_with('\r')) line.pop_back();
    return true;
}

LineReader::Event LineReader::read_plain(std::string& line) {
    for (;;) {
        if (interrupted()) return Event::interrupted;
        if (take_line(line)) return Event::line;
        if (ended_) return Event::end;
        require_room(buffer_);
        if (wait_for_input()) ended_ = !read_more(buffer_);
    }
}

void LineReader::remember(const std::string& entry) {
    if (editor_) editor_->remember(entry);
}

bool LineReader::touched() const { return editor_ && editor_->touched(); }

void LineReader::complete(std::vector<std::string> words) {
    if (editor_) editor_->complete(std::move(words));
}

}  // namespace lamina::cli
