#include "history.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <utility>

#include "json.hpp"
#include "lamina/error.hpp"

namespace lamina::cli {
namespace {

constexpr mode_t owner_alone = 0600;

[[noreturn]] void throw_io(const std::string& path) {
    throw Error(ErrorCode::io, ErrorDetails{.file = path,
                                            .expected = "a history that can be read and written",
                                            .found = std::strerror(errno)});
}

// The open file, locked against other chats until it is closed.
class Locked {
  public:
    explicit Locked(const std::string& path)
        : path_(path),
          fd_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, owner_alone)) {
        struct stat status = {};
        if (fd_ < 0 || fstat(fd_, &status) != 0) fail();
        if (!S_ISREG(status.st_mode)) {
            errno = EINVAL;
            fail();
        }
        if ((status.st_mode & 0777) != owner_alone && fchmod(fd_, owner_alone) != 0) fail();
        while (flock(fd_, LOCK_EX) != 0) {
            if (errno != EINTR) fail();
        }
    }
    ~Locked() {
        if (fd_ >= 0) close(fd_);
    }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;

    // The last bytes of the file, twice as many as it should hold.
    std::string read_tail() const {
        constexpr auto most = static_cast<off_t>(2 * HistoryFile::most_bytes);
        const off_t size = lseek(fd_, 0, SEEK_END);
        if (size < 0) throw_io(path_);
        std::string text(static_cast<std::size_t>(std::min(size, most)), '\0');
        std::size_t have = 0;
        while (have < text.size()) {
            const off_t from = size - static_cast<off_t>(text.size() - have);
            const ssize_t count = pread(fd_, text.data() + have, text.size() - have, from);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) throw_io(path_);
            if (count == 0) break;
            have += static_cast<std::size_t>(count);
        }
        text.resize(have);
        return text;
    }

    void write_at(off_t from, std::string_view text) const {
        while (!text.empty()) {
            const ssize_t count = pwrite(fd_, text.data(), text.size(), from);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) throw_io(path_);
            text.remove_prefix(static_cast<std::size_t>(count));
            from += count;
        }
    }

    void append(std::string_view text) const { write_at(lseek(fd_, 0, SEEK_END), text); }

    void replace(std::string_view text) const {
        write_at(0, text);
        if (ftruncate(fd_, static_cast<off_t>(text.size())) != 0) throw_io(path_);
    }

  private:
    [[noreturn]] void fail() {
        const int error = errno;
        if (fd_ >= 0) close(fd_);
        fd_ = -1;
        errno = error;
        throw_io(path_);
    }

    const std::string& path_;
    int fd_;
};

std::string escaped(const std::string& entry) {
    std::string out;
    for (const char c : entry) {
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\\') {
            out += "\\\\";
        } else if (c != '\0') {
            out += c;
        }
    }
    return out;
}

std::string unescaped(std::string_view line) {
    std::string out;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] != '\\' || i + 1 == line.size()) {
            out += line[i];
        } else {
            out += line[++i] == 'n' ? '\n' : line[i];
        }
    }
    return out;
}

bool is_utf8(std::string_view text) {
    try {
        require_utf8(text, "");
        return true;
    } catch (const Error&) { return false; }
}

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        if (end > begin) lines.push_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

// The last lines that the file may hold.
std::span<const std::string_view> kept(const std::vector<std::string_view>& lines) {
    std::size_t first = lines.size();
    std::size_t bytes = 0;
    while (first > 0 && lines.size() - first < HistoryFile::most_entries) {
        bytes += lines[first - 1].size() + 1;
        if (bytes > HistoryFile::most_bytes) break;
        --first;
    }
    return std::span(lines).subspan(first);
}

}  // namespace

std::string history_path() {
    const char* const state = std::getenv("XDG_STATE_HOME");
    if (state != nullptr && *state == '/') return std::string(state) + "/lamina/chat_history";
    const char* const home = std::getenv("HOME");
    if (home == nullptr || *home != '/') return {};
    return std::string(home) + "/.local/state/lamina/chat_history";
}

HistoryFile::HistoryFile(std::string path) : path_(std::move(path)) {
    const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
    std::error_code error;
    const bool made = std::filesystem::create_directories(folder, error);
    if (made) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    const Locked file(path_);
    const std::string text = file.read_tail();
    const std::vector<std::string_view> lines = lines_of(text);
    const std::span<const std::string_view> last = kept(lines);
    if (last.size() == lines.size()) return;
    std::string shorter;
    for (const std::string_view line : last) shorter += std::string(line) + "\n";
    file.replace(shorter);
}

std::vector<std::string> HistoryFile::read() const {
    const std::string text = Locked(path_).read_tail();
    const std::vector<std::string_view> lines = lines_of(text);
    std::vector<std::string> entries;
    for (const std::string_view line : kept(lines)) {
        if (is_utf8(line)) entries.push_back(unescaped(line));
    }
    return entries;
}

void HistoryFile::append(const std::string& entry) const {
    const std::string line = escaped(entry);
    if (line.empty() || line.size() > most_bytes / 4) return;
    Locked(path_).append(line + "\n");
}

}  // namespace lamina::cli
