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
        case ErrorCode::context_full: return "context_full";
        case ErrorCode::template_failed: return "template_failed";
        case ErrorCode::numerical_fault: return "numerical_fault";
        case ErrorCode::cancelled: return "cancelled";
        case ErrorCode::device_failed: return "device_failed";
    }
    return "unknown";
}

namespace {

// Names come from untrusted files: an error stays one short line whatever they hold.
std::string printable(const std::string& text) {
    constexpr std::size_t limit = 200;
    std::string out;
    for (char c : text.substr(0, limit)) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7f ? '?' : c;
    }
    if (text.size() > limit) out += "...";
    return out;
}

std::string describe(const ErrorDetails& d) {
    std::string out;
    if (!d.area.empty()) out += "[" + d.area + "] ";
    if (!d.file.empty()) out += d.file + ": ";
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
