#include "terminal_guard.hpp"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string_view>

namespace lamina::cli::terminal_guard {
namespace {

// Signal handlers have nowhere else to find these.
termios modes_before = {};
std::atomic<bool> modes_known = false;
std::atomic<bool> editing = false;
std::atomic<bool> bar = false;
static_assert(std::atomic<bool>::is_always_lock_free);

// Bracketed paste (xterm): pasted text comes between two marks, so that its newlines end no line.
constexpr std::string_view paste_marks_on = "\x1b[?2004h";
constexpr std::string_view paste_marks_off = "\x1b[?2004l";

// What the terminal cannot take at once is lost: a stopped one (Ctrl-S) must not hold up our end.
void write_now(int fd, std::string_view text) {
    pollfd out = {.fd = fd, .events = POLLOUT, .revents = 0};
    if (poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0) return;
    [[maybe_unused]] const ssize_t written = write(fd, text.data(), text.size());
}

// Changing the terminal from the background would stop us (SIGTTOU), and it is someone else's then.
bool in_foreground() {
    const pid_t owner = tcgetpgrp(STDIN_FILENO);
    return owner < 0 || owner == getpgrp();
}

void write_all(std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = write(STDOUT_FILENO, text.data(), text.size());
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return;
        text.remove_prefix(static_cast<std::size_t>(count));
    }
}

}  // namespace

void remember_modes() { modes_known = tcgetattr(STDIN_FILENO, &modes_before) == 0; }

void begin_editing() {
    editing = true;
    write_all(paste_marks_on);
}

void end_editing() {
    write_all(paste_marks_off);
    editing = false;
}

void bar_shown(bool shown) { bar = shown; }

void leave() noexcept {
    if (!in_foreground()) return;
    if (bar.exchange(false)) write_now(STDERR_FILENO, "\r\x1b[K");
    if (!editing.exchange(false)) return;
    write_now(STDOUT_FILENO, paste_marks_off);
    write_now(STDOUT_FILENO, "\r\n");
    if (modes_known) tcsetattr(STDIN_FILENO, TCSANOW, &modes_before);
}

}  // namespace lamina::cli::terminal_guard
