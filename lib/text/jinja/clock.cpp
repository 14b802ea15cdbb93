#include "text/jinja/clock.hpp"

#include <array>
#include <charconv>
#include <chrono>

#include "base/errors.hpp"

namespace lamina::text::jinja {

namespace {

constexpr std::string_view days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                     "Thursday", "Friday", "Saturday"};
constexpr std::string_view months[] = {"January", "February", "March",     "April",   "May",      "June",
                                       "July",    "August",   "September", "October", "November", "December"};

std::optional<int> read_digits(std::string_view text) {
    int out = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
    const bool all = end.ec == std::errc() && end.ptr == text.data() + text.size() && text[0] != '-';
    return all ? std::optional(out) : std::nullopt;
}

std::string padded(int value, std::size_t width, char fill) {
    auto out = std::to_string(value);
    if (fill && out.size() < width) out.insert(0, width - out.size(), fill);
    return out;
}

int hour_of_twelve(const std::tm& time) { return time.tm_hour % 12 == 0 ? 12 : time.tm_hour % 12; }

// The week of the year that starts on `first` (0: Sunday, 1: Monday), week 0 before the first such day.
int week_of(const std::tm& time, int first) {
    return (time.tm_yday + 7 - (time.tm_wday + 7 - first) % 7) / 7;
}

// ISO 8601: the week with the year's first Thursday is the first.
std::pair<int, int> iso_week(const std::tm& time) {
    using namespace std::chrono;
    const auto date = sys_days(year(time.tm_year + 1900) / (time.tm_mon + 1) / time.tm_mday);
    const auto thursday = date + std::chrono::days(3 - (time.tm_wday + 6) % 7);
    const auto its_year = year_month_day(thursday).year();
    const auto since = (thursday - sys_days(its_year / 1 / 1)).count();
    return {static_cast<int>(its_year), static_cast<int>(since / 7 + 1)};
}

// Numbers: their value, width and usual padding. Width 0: no such directive.
struct Number {
    int value = 0;
    std::size_t width = 0;
    char fill = '0';
};

Number number_of(char directive, const std::tm& time) {
    switch (directive) {
        case 'Y': return {time.tm_year + 1900, 1};
        case 'C': return {(time.tm_year + 1900) / 100, 2};
        case 'y': return {time.tm_year % 100, 2};
        case 'm': return {time.tm_mon + 1, 2};
        case 'd': return {time.tm_mday, 2};
        case 'e': return {time.tm_mday, 2, ' '};
        case 'H': return {time.tm_hour, 2};
        case 'k': return {time.tm_hour, 2, ' '};
        case 'I': return {hour_of_twelve(time), 2};
        case 'l': return {hour_of_twelve(time), 2, ' '};
        case 'M': return {time.tm_min, 2};
        case 'S': return {time.tm_sec, 2};
        case 'f': return {0, 6};  // microseconds, which the clock here does not have
        case 'j': return {time.tm_yday + 1, 3};
        case 'w': return {time.tm_wday, 1};
        case 'u': return {time.tm_wday == 0 ? 7 : time.tm_wday, 1};
        case 'U': return {week_of(time, 0), 2};
        case 'W': return {week_of(time, 1), 2};
        case 'V': return {iso_week(time).second, 2};
        case 'G': return {iso_week(time).first, 1};
        default: return {};
    }
}

// Directives that stand for others.
std::string_view expansion_of(char directive) {
    switch (directive) {
        case 'D':
        case 'x': return "%m/%d/%y";
        case 'F': return "%Y-%m-%d";
        case 'T':
        case 'X': return "%H:%M:%S";
        case 'R': return "%H:%M";
        case 'r': return "%I:%M:%S %p";
        case 'c': return "%a %b %e %H:%M:%S %Y";
        default: return {};
    }
}

std::string_view name_of(char directive, const std::tm& time) {
    const auto day = days[static_cast<std::size_t>(time.tm_wday)];
    const auto month = months[static_cast<std::size_t>(time.tm_mon)];
    switch (directive) {
        case 'A': return day;
        case 'a': return day.substr(0, 3);
        case 'B': return month;
        case 'b':
        case 'h': return month.substr(0, 3);
        case 'p': return time.tm_hour < 12 ? "AM" : "PM";
        case 'P': return time.tm_hour < 12 ? "am" : "pm";
        case 'n': return "\n";
        case 't': return "\t";
        case '%': return "%";
        default: return {};
    }
}

}  // namespace

std::tm read_time(std::string_view text) {
    std::tm out{};
    if (text.empty()) {
        const std::time_t now = std::time(nullptr);
        localtime_r(&now, &out);
        return out;
    }
    constexpr std::string_view shape = "0000-00-00T00:00:00";
    const auto refuse = [&] { Errors{"template"}.refuse("now", "a time as 2024-07-26T09:05:03", text); };
    if (text.size() != shape.size()) refuse();
    std::array<int, 6> parts{};  // year, month, day, hour, minute, second
    constexpr std::array<std::size_t, 6> starts = {0, 5, 8, 11, 14, 17};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto value = read_digits(text.substr(starts[i], i == 0 ? 4 : 2));
        if (!value || (i > 0 && text[starts[i] - 1] != shape[starts[i] - 1])) refuse();
        parts[i] = *value;
    }
    using namespace std::chrono;
    const auto date = year(parts[0]) / parts[1] / parts[2];
    if (!date.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 60) refuse();
    out.tm_year = parts[0] - 1900;
    out.tm_mon = parts[1] - 1;
    out.tm_mday = parts[2];
    out.tm_hour = parts[3];
    out.tm_min = parts[4];
    out.tm_sec = parts[5];
    out.tm_wday = static_cast<int>(weekday(sys_days(date)).c_encoding());
    out.tm_yday = static_cast<int>((sys_days(date) - sys_days(year(parts[0]) / 1 / 1)).count());
    return out;
}

void write_time(TextBuilder& out, const MarkedText& format, const std::tm& time) {
    const std::string_view text = format.text;
    TrustCursor cursor(format);
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool trusted = cursor.at(at);
        auto next = at + 1;
        const bool no_padding = next + 1 < text.size() && text[at] == '%' && text[next] == '-';
        if (no_padding) ++next;
        if (text[at] != '%' || next >= text.size()) {
            out.append(text.substr(at, 1), trusted);
            continue;
        }
        const char directive = text[next];
        if (const auto name = name_of(directive, time); !name.empty()) {
            out.append(name, trusted);
        } else if (const auto number = number_of(directive, time); number.width > 0) {
            out.append(padded(number.value, number.width, no_padding ? '\0' : number.fill), trusted);
        } else if (const auto expansion = expansion_of(directive); !expansion.empty()) {
            MarkedText inner{std::string(expansion), {{expansion.size(), trusted}}};
            write_time(out, inner, time);
        } else {
            out.append(text.substr(at, next + 1 - at), trusted);
        }
        at = next;
    }
}

}  // namespace lamina::text::jinja
