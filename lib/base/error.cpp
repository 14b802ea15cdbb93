#include "lamina/error.hpp"

#include <utility>

namespace lamina {

std::string_view to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::io: return "io";
        case ErrorCode::bad_file: return "bad_file";
        case ErrorCode::unsupported: return "unsupported";
        case ErrorCode::invalid_argument: return "invalid_argument";
        case ErrorCode::out_of_memory: return "out_of_memory";
        case ErrorCode::queue_full: return "queue_full";
        case ErrorCode::context_full: return "context_full";
        case ErrorCode::template_failed: return "template_failed";
        case ErrorCode::numerical_fault: return "numerical_fault";
        case ErrorCode::cancelled: return "cancelled";
        case ErrorCode::device_failed: return "device_failed";
    }
    return "unknown";
}

namespace {

// Length of the well-formed UTF-8 sequence that `s` begins with (Unicode 15, table 3-7); 0 where there is
// none.
std::size_t utf8_sequence(std::string_view s) {
    const auto at = [&](std::size_t i) { return i < s.size() ? static_cast<unsigned char>(s[i]) : 0u; };
    const unsigned lead = at(0);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xC2 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF5 ? 4
                                             : 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((at(i) & 0xC0u) != 0x80u) return 0;
    }
    const unsigned second = at(1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
    if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
    return length;
}

bool is_control(std::string_view sequence) {
    const auto lead = static_cast<unsigned char>(sequence[0]);
    if (sequence.size() == 1) return lead < 0x20 || lead == 0x7F;
    return lead == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0;
}

// Names come from untrusted files: an error stays one short line of UTF-8 whatever they hold.
std::string printable(std::string_view text, std::size_t limit = 200) {
    std::string out;
    while (!text.empty() && out.size() < limit) {
        const std::size_t length = utf8_sequence(text);
        const bool shown = length > 0 && !is_control(text.substr(0, length));
        out += shown ? text.substr(0, length) : "?";
        text.remove_prefix(length > 0 ? length : 1);
    }
    if (!text.empty()) out += "...";
    return out;
}

std::string describe(const ErrorDetails& d) {
    std::string out;
    if (!d.area.empty()) out += "[" + d.area + "] ";
    if (!d.file.empty()) out += printable(d.file, 4096) + ": ";
    std::string where;
    if (!d.subject.empty()) where = "'" + printable(d.subject) + "'";
    if (d.offset) where += (where.empty() ? "at byte " : " at byte ") + std::to_string(*d.offset);
    if (!where.empty()) out += where + ": ";
    if (!d.expected.empty()) out += "expected " + printable(d.expected);
    if (!d.found.empty()) out += (d.expected.empty() ? "" : ", found ") + printable(d.found);
    return out;
}

}  // namespace

Error::Error(ErrorCode code, ErrorDetails details)
    : code_(code), details_(std::move(details)), text_(describe(details_)) {}

Error::Error(ErrorCode code, std::string area, std::string message)
    : Error(code, ErrorDetails{.area = std::move(area), .found = std::move(message)}) {}

}  // namespace lamina
