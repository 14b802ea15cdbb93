#include <catch2/catch.hpp>

#include "api/stop_matcher.hpp"
#include "support/expect_error.hpp"
#include "support/random.hpp"

namespace lamina::api {
namespace {

struct Expected {
    std::string text;
    bool stopped = false;
};

// The text before the stop string that is complete first; of several that end there, the longest.
Expected plain(const std::string& text, const std::vector<std::string>& stops) {
    for (std::size_t end = 1; end <= text.size(); ++end) {
        std::size_t longest = 0;
        for (const auto& stop : stops) {
            if (stop.size() <= end && text.compare(end - stop.size(), stop.size(), stop) == 0)
                longest = std::max(longest, stop.size());
        }
        if (longest > 0) return {text.substr(0, end - longest), true};
    }
    return {text, false};
}

// How much of the end of `text` could still become part of a stop string.
std::size_t held(const std::string& text, const std::vector<std::string>& stops) {
    std::size_t most = 0;
    for (const auto& stop : stops) {
        for (std::size_t n = 1; n < stop.size() && n <= text.size(); ++n) {
            if (text.compare(text.size() - n, n, stop, 0, n) == 0) most = std::max(most, n);
        }
    }
    return most;
}

void check_parts(const std::vector<std::string>& parts, const std::vector<std::string>& stops) {
    StopMatcher matcher(stops);
    std::string all, released;
    bool stopped = false;
    for (const auto& part : parts) {
        all += part;
        const auto result = matcher.push(part);
        released += result.text;
        stopped = result.stopped;
        if (stopped) break;
        REQUIRE(released.size() == all.size() - held(all, stops));  // no more is held back than must be
    }
    if (!stopped) released += matcher.flush();
    const auto expected = plain(all, stops);
    REQUIRE(released == expected.text);
    REQUIRE(stopped == expected.stopped);
}

}  // namespace

TEST_CASE("a stop string is found across every split of the text") {
    const std::vector<std::vector<std::string>> cases = {
        {"</s>"}, {"aab", "ab"}, {"abab"}, {"\n\n", "User:"}, {"é", "日本"}, {"b", "abc"}, {"aaa"}};
    const std::vector<std::string> texts = {
        "hello </s> more", "aaaab",          "abaabab!", "one\nUser: two\n\n", "caf\xC3\xA9 日本語", "xabc",
        "aa aaa",          "nothing here <", ""};
    for (const auto& stops : cases) {
        for (const auto& text : texts) {
            for (std::size_t i = 0; i <= text.size(); ++i) {
                for (std::size_t j = i; j <= text.size(); ++j) {
                    check_parts({text.substr(0, i), text.substr(i, j - i), text.substr(j)}, stops);
                }
            }
        }
    }
}

TEST_CASE("random texts and stop strings of two letters agree with a plain search") {
    test::Random random(5);
    const auto word = [&](std::uint64_t longest) {
        std::string out(1 + random.below(longest), 'a');
        for (char& c : out) c = random.below(2) == 0 ? 'a' : 'b';
        return out;
    };
    for (int round = 0; round < 5000; ++round) {
        std::vector<std::string> stops, parts;
        for (auto n = random.below(4); n > 0; --n) stops.push_back(word(8));
        for (auto n = random.below(6); n > 0; --n) parts.push_back(word(12));
        check_parts(parts, stops);
    }
}

TEST_CASE("a long run that nearly matches is linear and stays held") {
    StopMatcher matcher({std::string(50000, 'a') + "b"});
    std::size_t released = 0;
    for (int i = 0; i < 200000; ++i) released += matcher.push("a").text.size();
    CHECK(released == 150000);
    CHECK(matcher.flush().size() == 50000);
}

TEST_CASE("stop strings that cannot be meant are refused") {
    const auto refuses = [](std::vector<std::string> stops) {
        test::expect_error(ErrorCode::invalid_argument, {"stop"}, [&] { StopMatcher matcher(stops); });
    };
    refuses({""});
    refuses({"a", ""});
    refuses({"\xC3"});
    refuses({std::string(65537, 'x')});
    refuses(std::vector<std::string>(257, "x"));
    CHECK(StopMatcher({std::string(65536, 'x')}).push("y").text == "y");
    CHECK(StopMatcher({}).push("anything").text == "anything");
}

}  // namespace lamina::api
