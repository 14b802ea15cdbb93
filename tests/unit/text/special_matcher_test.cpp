#include <catch2/catch.hpp>
#include <random>

#include "text/special_matcher.hpp"

using lamina::text::SpecialMatcher;

namespace {

using Found = std::vector<std::tuple<std::size_t, std::size_t, std::int32_t>>;

Found found(const SpecialMatcher& matcher, std::string_view text, std::size_t offset = 0) {
    std::vector<SpecialMatcher::Match> matches;
    matcher.find(text, offset, matches);
    Found out;
    for (const auto& m : matches) out.emplace_back(m.begin, m.end, m.id);
    return out;
}

// Every token at every position.
Found by_trying(const std::vector<SpecialMatcher::Entry>& entries, std::string_view text) {
    Found out;
    for (std::size_t at = 0; at < text.size();) {
        const SpecialMatcher::Entry* best = nullptr;
        for (const auto& entry : entries) {
            if (entry.text.empty() || text.substr(at, entry.text.size()) != entry.text) continue;
            if (best == nullptr || entry.text.size() > best->text.size()) best = &entry;
        }
        if (best != nullptr) out.emplace_back(at, at + best->text.size(), best->id);
        at += best != nullptr ? best->text.size() : 1;
    }
    return out;
}

}  // namespace

TEST_CASE("the leftmost token is matched and of those the longest") {
    const SpecialMatcher matcher({{"<a>", 1}, {"<a><b>", 2}, {"b>c", 3}, {"c", 4}, {"", 5}, {"c", 6}});
    CHECK(found(matcher, "<a>") == Found{{0, 3, 1}});
    CHECK(found(matcher, "<a><b>c") == Found{{0, 6, 2}, {6, 7, 4}});
    CHECK(found(matcher, "x<b>c", 10) == Found{{12, 15, 3}});
    CHECK(found(matcher, "").empty());
    CHECK(found(SpecialMatcher({}), "abc").empty());
}

TEST_CASE("the automaton finds what trying every token at every position finds") {
    std::mt19937 random(7);
    for (int round = 0; round < 2000; ++round) {
        std::vector<SpecialMatcher::Entry> entries;
        const auto letters = 1 + random() % 3;
        for (std::size_t i = 0; i < 1 + random() % 8; ++i) {
            std::string text;
            for (std::size_t n = random() % 6; n > 0; --n)
                text += static_cast<char>('a' + random() % letters);
            entries.push_back({text, static_cast<std::int32_t>(i)});
        }
        std::string text;
        for (std::size_t n = random() % 40; n > 0; --n) text += static_cast<char>('a' + random() % letters);
        CAPTURE(text);
        REQUIRE(found(SpecialMatcher(entries), text) == by_trying(entries, text));
    }
}

TEST_CASE("a long token that nearly matches everywhere takes linear time") {
    // Trying it at every position would take 2^38 steps.
    const std::string run(std::size_t{1} << 20, 'a');
    const SpecialMatcher matcher({{run.substr(0, run.size() / 2) + "b", 1}, {"aab", 2}});
    CHECK(found(matcher, run).empty());
    CHECK(found(matcher, run + "b") == Found{{run.size() / 2, run.size() + 1, 1}});
}
