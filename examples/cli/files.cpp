#include "files.hpp"

#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "lamina/error.hpp"

namespace lamina::cli {
namespace {

struct CloseFile {
    void operator()(std::FILE* file) const {
        if (file != stdin) std::fclose(file);
    }
};

[[noreturn]] void throw_io(const std::string& path) {
    throw Error(ErrorCode::io,
                ErrorDetails{.file = path, .expected = "a readable file", .found = std::strerror(errno)});
}

std::string shown(const std::string& path) { return path == "-" ? "standard input" : path; }

// Dumping and destroying a value recurses, so that its depth is limited when it is read.
bool within_depth(int depth, nlohmann::ordered_json::parse_event_t, nlohmann::ordered_json&) {
    constexpr int most = 128;
    if (depth > most)
        throw Error(ErrorCode::bad_file, "json", fmt::format("nested deeper than {} levels", most));
    return true;
}

// "line 3, column 7" of a byte.
std::string place(std::string_view text, std::size_t byte) {
    std::size_t line = 1;
    std::size_t column = 1;
    for (std::size_t i = 0; i + 1 < byte && i < text.size(); ++i) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    return fmt::format("line {}, column {}", line, column);
}

}  // namespace

std::string read_file(const std::string& path) {
    std::unique_ptr<std::FILE, CloseFile> file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
    if (!file) throw_io(path);
    std::string text;
    std::array<char, 65536> buffer;
    while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
        text.append(buffer.data(), count);
    }
    if (std::ferror(file.get()) != 0) throw_io(shown(path));
    return text;
}

void require_utf8(std::string_view text, const std::string& what) {
    try {
        (void)nlohmann::json(text).dump();  // refuses a string that is no UTF-8
    } catch (const nlohmann::json::type_error& error) {
        const std::string_view message = error.what();
        const std::size_t byte = message.find("invalid UTF-8 byte");
        const std::string found(byte == std::string_view::npos ? "something else" : message.substr(byte));
        throw Error(ErrorCode::bad_file,
                    ErrorDetails{.file = what, .expected = "UTF-8 text", .found = found});
    }
}

std::string read_text(const std::string& path) {
    std::string text = read_file(path);
    require_utf8(text, shown(path));
    return text;
}

nlohmann::ordered_json read_json(const std::string& path) {
    const std::string text = read_text(path);
    try {
        return nlohmann::ordered_json::parse(text, within_depth);
    } catch (const nlohmann::ordered_json::parse_error& error) {
        const std::string where = place(text, error.byte);
        throw Error(ErrorCode::bad_file,
                    ErrorDetails{.file = shown(path), .expected = "JSON", .found = "an error at " + where});
    } catch (const Error& error) {
        throw Error(ErrorCode::bad_file,
                    ErrorDetails{.file = shown(path), .expected = "JSON", .found = error.details().found});
    }
}

ChatTemplate read_template(const std::string& path) {
    const std::string source = read_text(path);
    try {
        return ChatTemplate::parse(source);
    } catch (const Error& error) {
        ErrorDetails details = error.details();
        if (!details.file.empty()) throw;
        details.file = shown(path);
        throw Error(error.code(), details);
    }
}

}  // namespace lamina::cli
