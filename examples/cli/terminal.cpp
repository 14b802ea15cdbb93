#include "terminal.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <memory>

#include "commands.hpp"
#include "lamina/error.hpp"

namespace lamina::cli {
namespace {

// A signal handler has nowhere else to write to.
std::atomic<bool> interrupt_seen = false;
std::atomic<bool> second_quits = false;
static_assert(std::atomic<bool>::is_always_lock_free);

int wake_pipe[2] = {-1, -1};  // handlers write, wait_for_input() reads

void on_interrupt(int) {
    wake();
    if (interrupt_seen.exchange(true) && second_quits) _exit(status_interrupted);
}

void draw_bar(int percent) {
    constexpr int width = 30;
    const auto filled = static_cast<std::size_t>(percent * width / 100);
    fmt::print(stderr, "\rloading [{}{}] {:3} %", std::string(filled, '#'), std::string(width - filled, ' '),
               percent);
    std::fflush(stderr);
}

void clear_bar() {
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
}

// Clears the bar also when loading fails half way.
struct Bar {
    int percent = -1;
    ~Bar() {
        if (percent >= 0) clear_bar();
    }
    void show(std::uint64_t done, std::uint64_t total) {
        const double part = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
        const int now = static_cast<int>(std::clamp(part, 0.0, 1.0) * 100);
        if (now == percent) return;
        percent = now;
        draw_bar(percent);
    }
};

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

void print_piece(std::string_view text) {
    const std::string shown = is_terminal(stdout) ? without_controls(text) : std::string(text);
    std::fwrite(shown.data(), 1, shown.size(), stdout);
    std::fflush(stdout);
}

void remark(std::string_view text) {
    std::fflush(stdout);
    const bool faint = is_terminal(stderr) && std::getenv("NO_COLOR") == nullptr;
    fmt::print(stderr, "{}{}{}\n", faint ? "\x1b[2m" : "", text, faint ? "\x1b[0m" : "");
}

void catch_interrupts(SecondInterrupt second) {
    second_quits = second == SecondInterrupt::quits;
    if (wake_pipe[0] < 0 && pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        throw Error(ErrorCode::io, "terminal", "no pipe can be made");
    }
    struct sigaction action = {};
    action.sa_handler = on_interrupt;  // no SA_RESTART: waiting for a line ends
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, nullptr);
}

void wake() {
    const int before = errno;
    const char byte = 0;
    [[maybe_unused]] const ssize_t written = write(wake_pipe[1], &byte, 1);  // full: awake already
    errno = before;
}

bool wait_for_input() {
    pollfd sources[] = {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                        {.fd = wake_pipe[0], .events = POLLIN, .revents = 0}};
    if (poll(sources, 2, -1) < 0) return false;
    char drained[64];
    if (sources[1].revents == 0) return true;
    while (read(wake_pipe[0], drained, sizeof drained) > 0) continue;
    return false;
}

bool interrupted() { return interrupt_seen; }
void clear_interrupt() { interrupt_seen = false; }

ProgressCallback loading_progress() {
    if (!is_terminal(stderr)) return [](std::uint64_t, std::uint64_t) { return !interrupted(); };
    auto bar = std::make_shared<Bar>();
    return [bar](std::uint64_t done, std::uint64_t total) {
        bar->show(done, total);
        if (done >= total) {
            clear_bar();
            bar->percent = -1;
        }
        return !interrupted();
    };
}

}  // namespace lamina::cli
