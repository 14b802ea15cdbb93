#include "signals.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "commands.hpp"
#include "lamina/error.hpp"
#include "terminal_guard.hpp"

namespace lamina::cli {
namespace {

// A signal handler has nowhere else to write to.
std::atomic<bool> interrupt_seen = false;
static_assert(std::atomic<bool>::is_always_lock_free);

int wake_pipe[2] = {-1, -1};  // handlers write, wait_for_input() reads

void on_interrupt(int) {
    if (interrupt_seen.exchange(true)) {
        terminal_guard::leave();
        _exit(status_interrupted);
    }
    wake();
}

void on_end(int number) {
    terminal_guard::leave();
    raise(number);  // SA_RESETHAND: what it does by default now
}

bool is_ignored(int number) {
    struct sigaction action = {};
    return sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void handle_signal(int number, void (*handler)(int), int flags) {
    if (is_ignored(number)) return;
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, nullptr);
}

void catch_signals() {
    if (wake_pipe[0] >= 0) return;
    if (pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        throw Error(ErrorCode::io, "terminal", "no pipe can be made");
    for (const int number : {SIGTERM, SIGHUP, SIGQUIT})
        handle_signal(number, on_end, static_cast<int>(SA_RESETHAND));
    // Restarting, since standard output to a terminal would fail where a signal comes while it is written;
    // poll() in wait_for_input() ends in any case.
    handle_signal(SIGINT, on_interrupt, SA_RESTART);
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

void stop_if_interrupted() {
    if (interrupted()) throw Error(ErrorCode::cancelled, "lamina", "interrupted");
}

}  // namespace lamina::cli
