#include "line_editor.hpp"

#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cwchar>

#include "colour.hpp"
#include "signals.hpp"
#include "terminal_guard.hpp"

namespace lamina::cli {
namespace {

// What signal handlers need; they have nowhere else to find it.
std::atomic<bool> resized = false;
std::atomic<bool> stop_asked = false;
std::atomic<bool> continued = false;

void on_resize(int) {
    resized = true;
    wake();
}

void on_stop(int) {
    stop_asked = true;
    wake();
}

void on_continue(int) {
    continued = true;
    wake();
}

// While a line is edited; otherwise the terminal is as it was and the shell's ways with it will do.
void mind_job_control(bool minded) {
    handle_signal(SIGTSTP, minded ? on_stop : SIG_DFL, SA_RESTART);
    handle_signal(SIGCONT, minded ? on_continue : SIG_DFL, SA_RESTART);
}

void leave_terminal(EditLine* lines) {
    el_set(lines, EL_PREP_TERM, 0);
    terminal_guard::end_editing();
}

void take_terminal(EditLine* lines) {
    terminal_guard::begin_editing();
    el_set(lines, EL_PREP_TERM, 1);
}

// Ctrl-Z while a line is edited: the shell gets the terminal as it was, the line is drawn anew afterwards.
void suspend(EditLine* lines) {
    leave_terminal(lines);
    mind_job_control(false);
    raise(SIGTSTP);
    mind_job_control(true);
    continued = true;
}

// After fg, or SIGCONT after a stop that nobody could see coming: the shell has set its own modes meanwhile.
void resume(EditLine* lines) {
    leave_terminal(lines);
    take_terminal(lines);
    el_set(lines, EL_REFRESH);
}

// How libedit gets its characters: as its own way, but signals are minded. Ctrl-C ends the line as Enter
// does, so that the cursor leaves what was typed; read() sees why.
int read_character(EditLine* lines, wchar_t* out) {
    std::mbstate_t state = {};
    for (;;) {
        if (interrupted()) {
            *out = L'\n';
            return 1;
        }
        if (stop_asked.exchange(false)) suspend(lines);
        if (continued.exchange(false)) resume(lines);
        if (resized.exchange(false)) el_resize(lines);
        if (!wait_for_input()) continue;
        char byte = 0;
        const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
        if (count == 0) return 0;
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -1;
        const std::size_t length = std::mbrtowc(out, &byte, 1, &state);
        if (length == static_cast<std::size_t>(-2)) continue;  // more bytes to come
        if (length == static_cast<std::size_t>(-1)) *out = 0xFFFD;
        return 1;
    }
}

// Of what was pasted, text alone: control characters could not be shown.
bool is_text(wchar_t c) {
    return c == L'\n' || c == L'\t' || (c >= L' ' && c != 0x7F && !(c >= 0x80 && c < 0xA0));
}

// Characters up to the mark that ends what is pasted (ESC [ 201 ~), of which the first are kept.
std::wstring read_pasted(EditLine* lines) {
    constexpr std::size_t most = 1 << 20;
    constexpr std::wstring_view mark = L"\x1b[201~";
    std::wstring text;
    std::wstring last;  // as many characters as the mark has
    wchar_t c = 0;
    while (!interrupted() && el_wgetc(lines, &c) == 1) {
        last += c;
        if (last == mark) return text;
        if (last.size() < mark.size() && mark.starts_with(last)) continue;
        for (const wchar_t seen : last) {
            if (is_text(seen) && text.size() < most) text += seen;
        }
        last.clear();
    }
    return text;
}

void strip_newline(std::string& line) {
    if (line.ends_with('\n')) line.pop_back();
}

std::size_t common_length(const std::string& a, const std::string& b) {
    std::size_t length = 0;
    while (length < a.size() && length < b.size() && a[length] == b[length]) ++length;
    return length;
}

}  // namespace

LineEditor::LineEditor() {
    terminal_guard::remember_modes();
    lines_ = el_init("lamina", stdin, stdout, stderr);
    history_ = history_init();
    HistEvent event = {};
    ::history(history_, &event, H_SETSIZE, 1000);
    ::history(history_, &event, H_SETUNIQUE, 1);
    el_set(lines_, EL_CLIENTDATA, this);
    el_set(lines_, EL_PROMPT_ESC, prompt, '\1');
    el_set(lines_, EL_EDITOR, "emacs");
    el_set(lines_, EL_HIST, ::history, history_);
    el_set(lines_, EL_GETCFN, on_read);
    el_source(lines_, nullptr);
    bind_keys();
    handle_signal(SIGWINCH, on_resize, SA_RESTART);
}

LineEditor::~LineEditor() {
    handle_signal(SIGWINCH, SIG_DFL, 0);
    history_end(history_);
    el_end(lines_);
}

void LineEditor::bind_keys() {
    el_set(lines_, EL_ADDFN, "lamina-paste", "Take pasted text", on_paste);
    el_set(lines_, EL_ADDFN, "lamina-newline", "Begin a new line within the text", on_newline);
    el_set(lines_, EL_ADDFN, "lamina-complete", "Complete a word", on_complete);
    el_set(lines_, EL_BIND, "\\e[200~", "lamina-paste", nullptr);
    el_set(lines_, EL_BIND, "\\e\\n", "lamina-newline", nullptr);
    el_set(lines_, EL_BIND, "\\e\\r", "lamina-newline", nullptr);
    el_set(lines_, EL_BIND, "\\t", "lamina-complete", nullptr);
    // Keys that libedit leaves unbound and people expect.
    el_set(lines_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    el_set(lines_, EL_BIND, "\\e[3~", "ed-delete-next-char", nullptr);
    el_set(lines_, EL_BIND, "\\e[1;5C", "em-next-word", nullptr);
    el_set(lines_, EL_BIND, "\\e[1;5D", "ed-prev-word", nullptr);
}

LineEditor& LineEditor::of(EditLine* lines) {
    void* self = nullptr;
    el_get(lines, EL_CLIENTDATA, &self);
    return *static_cast<LineEditor*>(self);
}

char* LineEditor::prompt(EditLine* lines) { return of(lines).prompt_.data(); }

int LineEditor::on_read(EditLine* lines, wchar_t* out) {
    const int count = read_character(lines, out);
    if (!interrupted()) of(lines).touched_ = true;
    return count;
}

unsigned char LineEditor::on_paste(EditLine* lines, int) {
    const std::wstring text = read_pasted(lines);
    if (!text.empty() && el_winsertstr(lines, text.c_str()) != 0) return CC_ERROR;
    return CC_REFRESH;
}

unsigned char LineEditor::on_newline(EditLine* lines, int) {
    return el_winsertstr(lines, L"\n") == 0 ? CC_REFRESH : CC_ERROR;
}

// Of the words that begin as the line does up to the cursor, what they have in common.
unsigned char LineEditor::on_complete(EditLine* lines, int) {
    const LineInfo* const info = el_line(lines);
    const std::string begun(info->buffer, info->cursor);
    std::string common;
    std::size_t count = 0;
    for (const std::string& word : of(lines).words_) {
        if (begun.empty() || !word.starts_with(begun)) continue;
        common = count++ == 0 ? word : common.substr(0, common_length(common, word));
    }
    if (count == 1) common += ' ';
    if (common.size() <= begun.size()) return CC_REFRESH_BEEP;
    return el_insertstr(lines, common.c_str() + begun.size()) == 0 ? CC_REFRESH : CC_ERROR;
}

LineReader::Event LineEditor::read(std::string& line, std::string_view prompt) {
    // \1 around what takes no room on the line.
    prompt_ = coloured(stdout) ? fmt::format("\1\x1b[1m\1{}\1\x1b[0m\1 ", prompt.substr(0, prompt.find(' ')))
                               : std::string(prompt);
    mind_job_control(true);
    terminal_guard::begin_editing();
    touched_ = false;
    int length = 0;
    const char* const text = el_gets(lines_, &length);
    terminal_guard::end_editing();
    mind_job_control(false);
    if (stop_asked.exchange(false)) raise(SIGTSTP);  // came with the last key
    if (interrupted()) {
        const bool empty = text == nullptr || length <= 1;  // the newline that ended it
        return empty ? LineReader::Event::interrupted : LineReader::Event::cleared;
    }
    if (text == nullptr || length <= 0) {
        std::fputs("\n", stdout);
        return LineReader::Event::end;
    }
    line.assign(text, static_cast<std::size_t>(length));
    strip_newline(line);
    return LineReader::Event::line;
}

void LineEditor::remember(const std::string& entry) {
    HistEvent event = {};
    ::history(history_, &event, H_ENTER, entry.c_str());
}

}  // namespace lamina::cli
