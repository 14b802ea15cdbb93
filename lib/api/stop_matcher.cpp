#include "api/stop_matcher.hpp"

#include <algorithm>
#include <utility>

#include "base/errors.hpp"
#include "text/utf8.hpp"

namespace lamina::api {
namespace {

constexpr std::size_t max_stops = 256, max_stop_bytes = 65536;

constexpr Errors errors{"request"};

void check(const std::string& stop) {
    if (stop.empty()) errors.refuse("stop", "strings of at least one character", "an empty one");
    if (stop.size() > max_stop_bytes) {
        errors.refuse("stop", "at most " + std::to_string(max_stop_bytes) + " bytes",
                      std::to_string(stop.size()));
    }
    if (text::well_formed_end(stop, 0) != stop.size()) errors.refuse("stop", "UTF-8", stop);
}

std::vector<std::size_t> borders(std::string_view text) {
    std::vector<std::size_t> out(text.size() + 1);
    for (std::size_t i = 2; i <= text.size(); ++i) {
        std::size_t length = out[i - 1];
        while (length > 0 && text[length] != text[i - 1]) length = out[length];
        out[i] = text[length] == text[i - 1] ? length + 1 : 0;
    }
    return out;
}

}  // namespace

StopMatcher::StopMatcher(std::vector<std::string> stops) {
    if (stops.size() > max_stops)
        errors.refuse("stop", "at most " + std::to_string(max_stops) + " strings",
                      std::to_string(stops.size()));
    for (auto& stop : stops) {
        check(stop);
        auto border = borders(stop);
        stops_.push_back({std::move(stop), std::move(border)});
    }
}

void StopMatcher::advance(Stop& stop, char byte) {
    while (stop.matched > 0 && stop.text[stop.matched] != byte) stop.matched = stop.border[stop.matched];
    if (stop.text[stop.matched] == byte) ++stop.matched;
}

StopMatcher::Result StopMatcher::push(std::string_view text) {
    const std::size_t before = held_.size();
    held_ += text;
    for (std::size_t i = before; i < held_.size(); ++i) {
        std::size_t longest = 0;
        for (auto& stop : stops_) {
            advance(stop, held_[i]);
            if (stop.matched == stop.text.size()) longest = std::max(longest, stop.matched);
        }
        if (longest == 0) continue;
        Result out{held_.substr(0, i + 1 - longest), true};
        held_.clear();
        return out;
    }
    std::size_t held = 0;
    for (const auto& stop : stops_) held = std::max(held, stop.matched);
    Result out{held_.substr(0, held_.size() - held), false};
    held_.erase(0, held_.size() - held);
    return out;
}

std::string StopMatcher::flush() { return std::exchange(held_, {}); }

}  // namespace lamina::api
