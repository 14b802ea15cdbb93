#include "base/json_text.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace lamina {
namespace {

std::string as_json(std::string_view text) {
    std::string out;
    REQUIRE(append_json(out, text));
    return out;
}

}  // namespace

TEST_CASE("json text: every character comes back from a JSON parser as it was") {
    std::string all;
    for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
    all += "\xC2\x80 \xDF\xBF \xE0\xA0\x80 \xEF\xBF\xBF \xF0\x90\x80\x80 \xF4\x8F\xBF\xBF";
    CHECK(nlohmann::json::parse(as_json(all)).get<std::string>() == all);
    CHECK(as_json("").size() == 2);
    CHECK(as_json("a\"b\\c\n") == R"("a\"b\\c\u000a")");
}

TEST_CASE("json text: what is no UTF-8 is refused") {
    for (const std::string bad : {"\x80", "a\xFF", "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80"}) {
        std::string out;
        CAPTURE(bad.size());
        CHECK_FALSE(append_json(out, bad));
    }
}

TEST_CASE("json text: where it cannot be refused, what is no UTF-8 is replaced") {
    CHECK(json_text("a\"b\x01") == R"("a\"b\u0001")");
    CHECK(json_text("a\xFF"
                    "b\xC3") ==
          "\"a\xEF\xBF\xBD"
          "b\xEF\xBF\xBD\"");
}

}  // namespace lamina
