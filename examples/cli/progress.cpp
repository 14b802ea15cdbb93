#include "progress.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "signals.hpp"
#include "terminal.hpp"
#include "terminal_guard.hpp"

namespace lamina::cli {
namespace {

// The line never wraps: a bar that is wider than the terminal could not be taken away again.
void draw_bar(int percent) {
    constexpr std::size_t beside = 17;  // "loading [] 100 %" and a free column
    const std::size_t room = columns(stderr);
    const std::size_t width = room > beside ? std::min<std::size_t>(room - beside, 30) : 0;
    const std::size_t filled = width * static_cast<std::size_t>(percent) / 100;
    terminal_guard::bar_shown(true);
    if (width >= 5) {
        fmt::print(stderr, "\rloading [{}{}] {:3} %", std::string(filled, '#'),
                   std::string(width - filled, ' '), percent);
    } else {
        fmt::print(stderr, "\rloading {:3} %", percent);
    }
}

void clear_bar() {
    fmt::print(stderr, "\r\x1b[K");
    terminal_guard::bar_shown(false);
}

// Clears the bar also when loading fails half way.
struct Bar {
    int percent = -1;

    ~Bar() { clear(); }
    void clear() {
        if (percent >= 0) clear_bar();
        percent = -1;
    }
    void show(std::uint64_t done, std::uint64_t total) {
        const double part = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
        const int now = static_cast<int>(std::clamp(part, 0.0, 1.0) * 100);
        if (now == percent) return;
        percent = now;
        draw_bar(percent);
    }
};

}  // namespace

ProgressCallback loading_progress() {
    if (!is_terminal(stderr) || is_dumb()) return [](std::uint64_t, std::uint64_t) { return !interrupted(); };
    auto bar = std::make_shared<Bar>();
    return [bar](std::uint64_t done, std::uint64_t total) {
        bar->show(done, total);
        if (done >= total) bar->clear();
        return !interrupted();
    };
}

Activity::~Activity() {
    if (!shown_.empty()) clear_bar();
}

void Activity::show(const std::string& text) {
    if (text == shown_ || !is_terminal(stderr) || is_dumb()) return;
    shown_ = text;
    terminal_guard::bar_shown(true);
    fmt::print(stderr, "\r\x1b[K{}", text.substr(0, columns(stderr) - 1));
}

}  // namespace lamina::cli
