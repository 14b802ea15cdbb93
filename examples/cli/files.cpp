#include "files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "lamina/error.hpp"
#include "signals.hpp"

namespace lamina::cli {
namespace {

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

[[noreturn]] void throw_io(const std::string& path) {
    if (errno == ENOENT) throw Error(ErrorCode::io, ErrorDetails{.file = path, .found = "no such file"});
    throw Error(ErrorCode::io,
                ErrorDetails{.file = path, .expected = "a readable file", .found = std::strerror(errno)});
}

// All of it; Ctrl-C ends the waiting.
std::string read_standard_input() {
    std::string text;
    std::array<char, 65536> buffer;
    for (;;) {
        stop_if_interrupted();
        if (!wait_for_input()) continue;
        const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count < 0 && errno != EINTR) throw_io("standard input");
        if (count == 0) return text;
        if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

std::string shown(const std::string& path) { return path == "-" ? "standard input" : path; }

}  // namespace

std::string read_file(const std::string& path) {
    if (path == "-") return read_standard_input();
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
    if (!file) throw_io(path);
    std::string text;
    std::array<char, 65536> buffer;
    while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
        text.append(buffer.data(), count);
    }
    if (std::ferror(file.get()) != 0) throw_io(path);
    return text;
}

std::string read_text(const std::string& path) {
    std::string text = read_file(path);
    require_utf8(text, shown(path));
    return text;
}

std::vector<std::string> read_texts(const std::string& path) {
    return parse_texts(read_file(path), shown(path));
}

nlohmann::ordered_json read_cases(const std::string& path) {
    return parse_cases(read_file(path), shown(path));
}

void write_text(const std::string& path, const std::string& text, Overwrite overwrite) {
    const char* const mode = overwrite == Overwrite::yes ? "wb" : "wbx";
    std::FILE* const file = std::fopen(path.c_str(), mode);
    bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (file != nullptr) written = std::fclose(file) == 0 && written;
    if (written) return;
    const int error = errno;
    struct stat found = {};
    const bool folder = ::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
    throw Error(ErrorCode::io, ErrorDetails{.file = path,
                                            .expected = error == EEXIST && !folder ? "a new file to write to"
                                                                                   : "a file to write to",
                                            .found = folder ? "a folder" : std::strerror(error)});
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
