// Published chat templates render as the Python implementation renders them.
#include "template_cases.hpp"

using namespace template_cases;

TEST_CASE("published templates render what they render in Python", "[template]") {
    const auto cases = read_json("cases.json");
    REQUIRE(cases.size() == 84);
    for (const auto& one : cases) {
        const auto name = one["template"].get<std::string>();
        INFO(name << ", case " << one["case"].get<std::string>());
        const auto out = render(read_file(folder() + name + ".jinja"), input_of(one));
        if (one.contains("error")) {
            INFO(out.text());
            CHECK_FALSE(out.marked);
        } else {
            CHECK(out.text() == one["expected"].get<std::string>());
        }
    }
}

TEST_CASE("a template is parsed once and rendered often", "[template]") {
    const lamina::text::Template parsed(
        "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{{ m.content }}"
        "{% endfor %}{{ ns.n }}");
    for (int i = 0; i < 3; ++i) {
        CHECK(parsed.render(R"({"messages": [{"content": "a"}, {"content": "b"}]})", "").text == "ab2");
        CHECK(parsed.render(R"({"messages": []})", "").text == "0");
    }
}

TEST_CASE("no tools are the same whether null or absent", "[template]") {
    const std::string source = "{% if tools is defined %}tools{% else %}none{% endif %}";
    CHECK(render(source, R"({"tools": null})").text() == "none");
    CHECK(render(source, "{}").text() == "none");
    CHECK(render(source, R"({"tools": []})").text() == "tools");
}

TEST_CASE("strftime_now follows the clock unless it is fixed", "[template]") {
    const lamina::text::Template parsed("{{ strftime_now('%Y') }}");
    CHECK(parsed.render("{}", "1999-12-31T23:59:59").text == "1999");
    CHECK(std::stoi(parsed.render("{}", "").text) >= 2024);
    for (const char* bad : {"yesterday", "2024-02-30T00:00:00", "2024-01-01 00:00:00", "2024-01-01T24:00:00",
                            "2024-01-01T00:00:0x"}) {
        INFO(bad);
        CHECK_THROWS_AS(parsed.render("{}", bad), lamina::Error);
    }
}
