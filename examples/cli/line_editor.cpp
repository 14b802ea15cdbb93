#include "line_editor.hpp"

#include <histedit.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>

#include "terminal.hpp"

namespace lamina::cli {
namespace {

// What signal handlers need; they have nowhere else to find it.
termios terminal_before = {};
std::atomic<bool> resized = false;
std::atomic<bool> stop_asked = false;

void restore_and_die(int signal_number) {
    tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
    raise(signal_number);  // SA_RESETHAND: now by default
}

void on_resize(int) {
    resized = true;
    wake();
}

void on_stop(int) {
    stop_asked = true;
    wake();
}

void handle(int signal_number, void (*handler)(int), int flags) {
    struct sigaction action = {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, nullptr);
}

// Ctrl-Z while a line is edited: the shell gets the terminal as it was, the line is drawn anew afterwards.
void suspend(EditLine* editor) {
    el_set(editor, EL_PREP_TERM, 0);
    handle(SIGTSTP, SIG_DFL, 0);
    raise(SIGTSTP);
    handle(SIGTSTP, on_stop, 0);
    el_set(editor, EL_PREP_TERM, 1);
    el_set(editor, EL_REFRESH);
}

// How libedit gets its characters: as its own way, but Ctrl-C ends the line (returns -1).
int read_character(EditLine* editor, wchar_t* out) {
    std::mbstate_t state = {};
    for (;;) {
        if (interrupted()) return -1;
        if (stop_asked.exchange(false)) suspend(editor);
        if (resized.exchange(false)) el_resize(editor);
        if (!wait_for_input()) continue;
        char byte = 0;
        const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
        if (count == 0) return 0;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -1;
        const std::size_t length = std::mbrtowc(out, &byte, 1, &state);
        if (length == static_cast<std::size_t>(-2)) continue;  // more bytes to come
        if (length == static_cast<std::size_t>(-1)) *out = L'?';
        return 1;
    }
}

char* prompt(EditLine*) {
    static char text[] = "> ";
    return text;
}

bool can_edit() {
    const char* const kind = std::getenv("TERM");
    return is_terminal(stdin) && is_terminal(stdout) && kind != nullptr && *kind != 0 &&
           std::strcmp(kind, "dumb") != 0;
}

void strip_newline(std::string& line) {
    while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.pop_back();
}

LineReader::Event read_plain(std::string& line) {
    char* buffer = nullptr;
    std::size_t capacity = 0;
    errno = 0;
    const ssize_t length = ::getline(&buffer, &capacity, stdin);
    if (length >= 0) line.assign(buffer, static_cast<std::size_t>(length));
    std::free(buffer);
    if (interrupted()) {
        std::clearerr(stdin);
        return LineReader::Event::interrupted;
    }
    if (length < 0) return LineReader::Event::end;
    strip_newline(line);
    return LineReader::Event::line;
}

}  // namespace

struct LineReader::Editor {
    EditLine* lines = el_init("lamina", stdin, stdout, stderr);
    History* history = history_init();
    HistEvent event = {};

    Editor() {
        ::history(history, &event, H_SETSIZE, 500);
        ::history(history, &event, H_SETUNIQUE, 1);
        el_set(lines, EL_PROMPT, prompt);
        el_set(lines, EL_EDITOR, "emacs");
        el_set(lines, EL_HIST, ::history, history);
        el_set(lines, EL_GETCFN, read_character);
    }
    ~Editor() {
        history_end(history);
        el_end(lines);
    }

    Event read(std::string& line) {
        handle(SIGTSTP, on_stop, 0);
        int length = 0;
        const char* const text = el_gets(lines, &length);
        handle(SIGTSTP, SIG_DFL, 0);
        if (interrupted()) return Event::interrupted;
        if (text == nullptr || length <= 0) return Event::end;
        line.assign(text, static_cast<std::size_t>(length));
        strip_newline(line);
        if (!line.empty()) ::history(history, &event, H_ENTER, line.c_str());
        return Event::line;
    }
};

LineReader::LineReader() {
    if (!can_edit()) return;
    tcgetattr(STDIN_FILENO, &terminal_before);
    for (const int number : {SIGTERM, SIGHUP, SIGQUIT})
        handle(number, restore_and_die, static_cast<int>(SA_RESETHAND));
    handle(SIGWINCH, on_resize, 0);
    editor_ = std::make_unique<Editor>();
}

LineReader::~LineReader() = default;

bool LineReader::interactive() const { return is_terminal(stdin) && is_terminal(stdout); }

LineReader::Event LineReader::read(std::string& line) {
    line.clear();
    std::fflush(stdout);
    if (editor_) return editor_->read(line);
    if (interactive()) {
        std::fputs("> ", stdout);
        std::fflush(stdout);
    }
    return read_plain(line);
}

}  // namespace lamina::cli
