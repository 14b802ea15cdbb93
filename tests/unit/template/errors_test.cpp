// Failures name line and column; input that is no JSON in UTF-8 is a request's fault.
#include "template_cases.hpp"

using namespace template_cases;

namespace {

lamina::ErrorCode code_of(const std::string& source, const std::string& input) {
    try {
        lamina::text::Template(source).render(input, moment);
    } catch (const lamina::Error& error) { return error.code(); }
    FAIL("no error for " << input);
    return {};
}

}  // namespace

TEST_CASE("errors name line and column", "[template]") {
    const std::pair<const char*, const char*> cases[] = {
        {"a\nb {{ nope.x }}", "line 2, column 10: 'nope' is undefined"},
        {"{% if x %}", "line 1, column 11: expected {% endif %}, found the end of the template"},
        {"{{ raise_exception('no \"roles\"') }}", "line 1, column 19: no \"roles\""},
        {"\n\n  {% frobnicate %}", "line 3, column 6: unknown tag 'frobnicate'"},
        {"ü{{ 1 + 'a' }}", "line 1, column 9: '+' does not apply to 'int' and 'str'"},
        {"{{ 'a'|nofilter }}", "line 1, column 8: there is no filter 'nofilter'"},
        {"{{ 1 is notest }}", "line 1, column 9: there is no test 'notest'"},
        {"{{ 'open }}", "line 1, column 4: the text is not closed"},
        {"{{ [1, 2 }}", "line 1, column 10: unexpected '}'"},
        {"{% set l = [] %}\n{{ l.append(1) }}", "line 2, column 12: lists and mappings cannot be changed"},
        {"{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}",
         "line 1, column 35: macro 'm' takes at most 1 arguments"},
    };
    for (const auto& one : cases) {
        INFO(one.first);
        CHECK(render(one.first).error == "[template] " + std::string(one.second));
    }
}

TEST_CASE("a template that is not UTF-8 is refused", "[template]") {
    for (const char* bad : {"a\xff", "\xc0\x80", "\xed\xa0\x80", "{{ '\xe2\x82' }}"}) {
        CHECK(render(bad).error.find("not UTF-8") != std::string::npos);
    }
    CHECK_FALSE(render("{{ '\\ud800' }}").marked);
}

TEST_CASE("input that is no JSON object in UTF-8 is an invalid argument", "[template]") {
    for (const std::string input :
         {"", "[]", "1", "\"a\"", "{", "{\"a\": }", "{} {}", "{\"a\": \"\xff\"}", "{\"\xc3\": 1}",
          "{\"a\": \"\\ud800\"}", "{\"a\": 1e999}", "{\"a\": 18446744073709551615}",
          "{\"a\": 123456789012345678901234567890}", "{\"a\": nan}", "{'a': 1}", "{\"a\": \"\n\"}"}) {
        INFO(input);
        CHECK(code_of("x", input) == lamina::ErrorCode::invalid_argument);
    }
}

TEST_CASE("members keep their order, and the last of equal keys counts", "[template]") {
    CHECK(render("{{ d|tojson }}", R"({"d": {"b": 1, "a": 2, "b": 3}})").text() == R"({"b": 3, "a": 2})");
}
