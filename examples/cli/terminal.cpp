#include "terminal.hpp"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "colour.hpp"
#include "lamina/error.hpp"

namespace lamina::cli {
namespace {

// errno of the first failed write; later calls may change errno itself.
int output_error = 0;

std::string without_controls(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const bool c0 = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F;
        // U+0080..U+009F are C2 80..C2 9F in UTF-8.
        const bool c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
        if (c1) ++i;
        if (!c0 && !c1) out += text[i];
    }
    return out;
}

}  // namespace

void use_utf8_locale() {
    std::setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
}

bool is_terminal(std::FILE* stream) { return isatty(fileno(stream)) == 1; }

bool is_dumb() {
    const char* const kind = std::getenv("TERM");
    return kind == nullptr || *kind == 0 || std::strcmp(kind, "dumb") == 0;
}

std::size_t columns(std::FILE* stream) {
    winsize size = {};
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    const char* const told = std::getenv("COLUMNS");
    const long count = told == nullptr ? 0 : std::strtol(told, nullptr, 10);
    return count > 0 ? static_cast<std::size_t>(count) : 80;
}

bool print_piece(std::string_view text) {
    const std::string shown = is_terminal(stdout) ? without_controls(text) : std::string(text);
    const bool written = std::fwrite(shown.data(), 1, shown.size(), stdout) == shown.size();
    if (!written || std::fflush(stdout) != 0) output_error = output_error != 0 ? output_error : errno;
    return output_error == 0;
}

void require_output() {
    if (output_error == 0) return;
    const int error = std::exchange(output_error, 0);
    std::clearerr(stdout);
    throw Error(ErrorCode::io, ErrorDetails{.file = "standard output",
                                            .expected = "room for the answer",
                                            .found = std::strerror(error)});
}

void remark(std::string_view text) {
    std::fflush(stdout);
    fmt::print(stderr, "{}\n", styled(Style::faint, without_controls(text), stderr));
}

std::string one_line(std::string_view text) { return without_controls(text.substr(0, text.find('\n'))); }

}  // namespace lamina::cli
