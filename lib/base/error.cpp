#include "lamina/error.hpp"

#include <utility>

#include "base/utf8.hpp"

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

struct Error::Content {
    explicit Content(ErrorDetails d) : details(std::move(d)), text(describe(details)) {}
    ErrorDetails details;
    std::string text;
};

Error::Error(ErrorCode code, ErrorDetails details)
    : code_(code), content_(std::make_shared<const Content>(std::move(details))) {}

Error::Error(ErrorCode code, std::string area, std::string message)
    : Error(code, ErrorDetails{.area = std::move(area), .found = std::move(message)}) {}

const ErrorDetails& Error::details() const noexcept {
    // Strings this short are part of their object.
    static const ErrorDetails no_memory{.area = "memory", .found = "no memory left"};
    return content_ ? content_->details : no_memory;
}

const char* Error::what() const noexcept {
    return content_ ? content_->text.c_str() : "[memory] no memory left";
}

}  // namespace lamina
