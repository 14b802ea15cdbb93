// What templates did to other engines (CVE-2024-34359, CVE-2025-61620, CVE-2025-62426 and their kin) ends
// here in a typed error that names the place, with bounded time and memory.
#include "template_cases.hpp"

using namespace template_cases;

namespace {

// Renders, and expects the failure to say `words`.
void check_fails(const std::string& source, const std::string& words, const std::string& input = "{}") {
    const auto out = render(source, input);
    INFO(source.substr(0, 200) << "\n-> " << out.text().substr(0, 200));
    REQUIRE_FALSE(out.marked);
    CHECK(out.error.find("[template] line ") == 0);
    CHECK(out.error.find(words) != std::string::npos);
}

std::string times(const std::string& text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += text;
    return out;
}

}  // namespace

TEST_CASE("threat CVE-2025-61620: range(1e9) is refused", "[template][budget]") {
    check_fails("{{ range(1000000000)|length }}", "1000000 elements");
    check_fails("{% for i in range(0, 9223372036854775807) %}{% endfor %}", "elements");
    check_fails("{% for i in range(9223372036854775807, 0, -1) %}{% endfor %}", "elements");
    CHECK(render("{{ range(900000)|length }}").text() == "900000");
}

TEST_CASE("threat CVE-2025-61620: text * 1e9 is refused", "[template][budget]") {
    check_fails("{{ 'a' * 1000000000 }}", "16 MiB");
    check_fails("{{ 'ab' * 9223372036854775807 }}", "16 MiB");
    check_fails("{{ 9223372036854775807 * 'ab' }}", "16 MiB");
    check_fails("{{ [0] * 1000000000 }}", "elements");
    check_fails("{{ ('a' * 1000000)|replace('a', 'b' * 1000000) }}", "16 MiB");
    check_fails("{{ 'a'.center(1000000000) }}", "16 MiB");
    check_fails("{{ '%1000000000d' % 1 }}", "16 MiB");
    check_fails("{{ '{:1000000000}'.format(1) }}", "16 MiB");
    check_fails("{{ '1'.zfill(1000000000) }}", "16 MiB");
    check_fails("{{ 'a'|indent(1000000000, true) }}", "16 MiB");
    check_fails("{{ {'a': [1]}|tojson(indent=1000000000) }}", "16 MiB");
    check_fails("{{ '%.1000000000f' % 1 }}", "precision");
    CHECK(render("{{ ('a' * 16000000)|length }}").text() == "16000000");
}

TEST_CASE("threat CVE-2025-61620: nested loops end by the steps", "[template][budget]") {
    check_fails("{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}",
                "1000000 steps");
    check_fails(
        "{% for i in range(1000) %}{% for j in range(1000) %}{% set x = i * j %}{% endfor %}{% endfor %}",
        "steps");
    check_fails("{{ range(1000000)|map('string')|list|length }}", "steps");
    check_fails("{% set l = range(1000)|list %}{% for i in range(100000) %}{{ 5000 in l }}{% endfor %}",
                "steps");
}

TEST_CASE("the output is bounded", "[template][budget]") {
    check_fails("{% set big = 'a' * 1000000 %}{% for i in range(100) %}{{ big }}{% endfor %}", "16 MiB");
    check_fails("{% set x %}{% for i in range(100) %}{{ 'a' * 1000000 }}{% endfor %}{% endset %}", "16 MiB");
    const auto big = render("{% set big = 'a' * 1000000 %}{% for i in range(16) %}{{ big }}{% endfor %}");
    CHECK(big.text().size() == 16000000);
}

TEST_CASE("the values held at one time are bounded", "[template][budget]") {
    const std::string doubling =
        "{% set ns = namespace(l=[]) %}{% set s = 'a' * 10000000 %}"
        "{% for i in range(100) %}{% set ns.l = ns.l + [s ~ i] %}{% endfor %}";
    check_fails(doubling, "256 MiB");
    // Released values do not count: the same amount of work, one at a time.
    CHECK(render("{% set s = 'a' * 10000000 %}{% for i in range(100) %}{% set t = s ~ i %}{% endfor %}ok")
              .text() == "ok");
}

TEST_CASE("work on long texts counts as steps", "[template][budget]") {
    check_fails("{% set s = 'a' * 16000000 %}{% for i in range(100000) %}{{ s == s ~ '' }}{% endfor %}",
                "steps");
    check_fails(
        "{% set s = 'a' * 8000000 %}{% for i in range(100000) %}{% if 'b' in s %}{% endif %}{% endfor %}",
        "steps");
    // The search is linear: this would take hours by the obvious one.
    CHECK(render("{{ ('a' * 4000000 ~ 'b') in 'a' * 8000000 }}").text() == "False");
    CHECK(render("{{ ('a' * 8000000).rfind('b' ~ 'a' * 4000000) }}").text() == "-1");
}

TEST_CASE("exponential structures end by the steps", "[template][budget]") {
    std::string shared = "{% set a0 = [1] %}";
    for (int i = 1; i < 60; ++i) {
        const auto previous = "a" + std::to_string(i - 1);
        shared += "{% set a" + std::to_string(i) + " = [" + previous + ", " + previous + "] %}";
    }
    CHECK(render(shared + "ok").text() == "ok");
    check_fails(shared + "{{ a59 }}", "");
    check_fails(shared + "{{ a59|tojson }}", "");
    check_fails(
        shared + "{% set b0 = [1] %}{{ a59 == a59 + [] }}{% set c = [a58, a58] %}{{ c|map('tojson')|list }}",
        "");
    std::string tuples = "{% set t0 = (1,) %}";
    for (int i = 1; i < 60; ++i) {
        const auto previous = "t" + std::to_string(i - 1);
        tuples += "{% set t" + std::to_string(i) + " = (" + previous + ", " + previous + ") %}";
    }
    check_fails(tuples + "{{ {t59: 1} }}", "");
    check_fails(tuples + "{{ {}[t59] }}", "");
}

TEST_CASE("recursion is bounded", "[template][budget]") {
    check_fails("{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}", "deeper than 64");
    check_fails("{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
                "deeper than 64");
    check_fails(
        "{% macro m() %}{% call m() %}{% endcall %}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}",
        "deeper");
    CHECK(render(
              "{% macro m(n) %}{% if n > 1 %}{{ m(n - 1) }}{% else %}end{% endif %}{% endmacro %}{{ m(60) }}")
              .text() == "end");
    // Every macro call nests as deep as the source may.
    const auto deep = times("[", 50) + "m(n + 1)" + times("]", 50);
    check_fails("{% macro m(n) %}{{ " + deep + " }}{% endmacro %}{{ m(0) }}",
                "evaluation nested deeper than 768");
}

TEST_CASE("nesting of the source is bounded", "[template][budget]") {
    for (const std::size_t depth : {65u, 1000u, 80000u}) {
        check_fails("{{ " + times("(", depth) + "1" + times(")", depth) + " }}", "deeper than 64");
        check_fails("{{ " + times("[", depth) + times("]", depth) + " }}", "deeper than 64");
        check_fails("{{ " + times("{1:", depth) + "1" + times("}", depth) + " }}", "deeper than 64");
        check_fails("{{ " + times("-", depth) + "1 }}", "deeper than 64");
        check_fails("{{ " + times("not ", depth) + "1 }}", "deeper than 64");
        check_fails("{{ " + times("f(", depth) + times(")", depth) + " }}", "deeper than 64");
        check_fails("{{ " + times("a[", depth) + "1" + times("]", depth) + " }}", "deeper than 64");
        check_fails("{{ " + times("1 if 1 else ", depth) + "1 }}", "deeper than 64");
        check_fails("{{ 1" + times(" if 1", depth) + " }}", "deeper than 64");
        check_fails("{{ 1" + times(" is eq(1", depth) + times(")", depth) + " }}", "deeper than 64");
        check_fails("{% set " + times("(", depth) + "a" + times(")", depth) + " = 1 %}", "deeper than 64");
    }
    for (const std::size_t depth : {65u, 1000u, 20000u}) {
        check_fails(times("{% if 1 %}", depth) + times("{% endif %}", depth), "deeper than 64");
        check_fails(times("{% for i in x %}", depth) + times("{% endfor %}", depth), "deeper than 64");
    }
    CHECK(render("{{ " + times("(", 60) + "1" + times(")", 60) + " }}").text() == "1");
}

TEST_CASE("long chains do not nest", "[template][budget]") {
    const std::size_t many = 20000;
    CHECK(render("{{ 1" + times(" + 1", many) + " }}").text() == "20001");
    CHECK(render("{{ 'a'" + times("|upper", many) + " }}").text() == "A");
    CHECK(render("{{ ''" + times(" ~ ''", many) + " }}").text().empty());
    CHECK(render("{{ 1" + times(" and 1", many) + " }}").text() == "1");
    CHECK(render("{{ 0" + times(" or 0", many) + " }}").text() == "0");
    CHECK(render("{{ 1" + times(" == 1", many) + " }}").text() == "True");
    CHECK(render("{{ 'a'" + times(".upper()", many) + " }}").text() == "A");
    CHECK(render("{% if 0 %}" + times("{% elif 0 %}", many) + "{% else %}x{% endif %}").text() == "x");
    check_fails("{{ x" + times(".a", many) + " }}", "undefined");
}

TEST_CASE("values cannot be nested without bound", "[template][budget]") {
    check_fails(
        "{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% endfor %}",
        "deeper than 64");
    check_fails(
        "{% set ns = namespace(l={}) %}{% for i in range(100000) %}{% set ns.l = {'a': ns.l} %}{% endfor %}",
        "deeper");
    check_fails(
        "{% set ns = namespace(l=[]) %}{% for i in range(100000) %}{% set ns.l = [ns.l.count] %}{% endfor %}",
        "deeper");
    check_fails(
        "{% set ns = namespace(l=1) %}{% for i in range(100000) %}{% for j in [ns.l] %}{% set ns.l = loop "
        "%}{% endfor %}{% endfor %}",
        "deeper");
    check_fails(
        "{% set ns = namespace(l=1) %}{% for i in range(100000) %}{% set ns.l = cycler(ns.l) %}{% endfor %}",
        "deeper");
}

TEST_CASE("a namespace that holds itself neither hangs nor leaks", "[template][budget]") {
    check_fails("{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}", "deeper than 64");
    CHECK(render("{% set ns = namespace() %}{% set ns.me = [ns] %}{{ ns == ns.me[0] }}").text() == "True");
    CHECK(render("{% set ns = namespace() %}{% macro m() %}{{ ns.x }}{% endmacro %}{% set ns.m = m %}{% set "
                 "ns.x = 1 %}{{ ns.m() }}")
              .text() == "1");
}

TEST_CASE("a macro may outlive the scope that it was defined in", "[template][budget]") {
    const std::string source =
        "{% set ns = namespace() %}{% for i in range(20000) %}{% set ns.before = ns.m %}"
        "{% macro m() %}{{ i }}{% endmacro %}{% set ns.m = m %}{% endfor %}{{ ns.m() }} {{ ns.before() }}";
    CHECK(render(source).text() == "19999 19998");
}

TEST_CASE("deep or huge JSON is refused", "[template][budget]") {
    const lamina::text::Template parsed("{{ x }}");
    for (const std::size_t depth : {100u, 100000u, 1000000u}) {
        CHECK_THROWS_AS(parsed.render("{\"x\": " + times("[", depth) + times("]", depth) + "}", ""),
                        lamina::Error);
        CHECK_THROWS_AS(parsed.render(times("{\"x\": ", depth) + "1" + times("}", depth), ""), lamina::Error);
        CHECK_THROWS_AS(parsed.render("{\"x\": " + times("[", depth), ""), lamina::Error);
    }
    CHECK(parsed.render("{\"x\": " + times("[", 60) + times("]", 60) + "}", "").text ==
          times("[", 60) + times("]", 60));
    CHECK_THROWS_AS(parsed.render("{\"x\": [" + times("1,", 1100000) + "1]}", ""), lamina::Error);
    CHECK_THROWS_AS(parsed.render("{\"x\": \"" + times("a", 17 << 20) + "\"}", ""), lamina::Error);
}

TEST_CASE("a huge template is refused", "[template][budget]") {
    check_fails(times("a", (1 << 20) + 1), "1024 KiB");
    CHECK(render(times("a", 1 << 20)).text().size() == 1 << 20);
}

TEST_CASE("arithmetic stays within 64 bits", "[template][budget]") {
    check_fails("{{ 9223372036854775807 + 1 }}", "64 bits");
    check_fails("{{ -9223372036854775807 - 2 }}", "64 bits");
    check_fails("{{ 4611686018427387904 * 2 }}", "64 bits");
    check_fails("{{ (-9223372036854775807 - 1) // -1 }}", "64 bits");
    CHECK(render("{{ (-9223372036854775807 - 1) % -1 }}").text() == "0");
    check_fails("{{ -(-9223372036854775807 - 1) }}", "64 bits");
    check_fails("{{ (-9223372036854775807 - 1)|abs }}", "64 bits");
    check_fails("{{ 2 ** 64 }}", "64 bits");
    check_fails("{{ 10 ** 1000000000 }}", "64 bits");
    check_fails("{{ 99999999999999999999 }}", "64 bits");
    CHECK(render("{{ 1e300|int }} {{ 'nan'|float|int }}").text() == "0 0");
    CHECK(render("{{ [3, 'nan'|float, 1, 'nan'|float, 2]|sort|length }}").text() == "5");
    CHECK(render("{{ 'abc'[9223372036854775807:] }}{{ 'abc'[::9223372036854775807] }}"
                 "{{ 'abc'[-9223372036854775807::-9223372036854775807] }}")
              .text() == "a");
}

TEST_CASE("threat CVE-2024-34359: there is no way to attributes of the host language", "[template][budget]") {
    check_fails("{{ ''.__class__.__mro__ }}", "undefined");
    check_fails("{{ ().__class__.__base__.__subclasses__() }}", "undefined");
    check_fails("{{ cycler.__init__.__globals__.os.popen('id').read() }}", "undefined");
    check_fails("{{ self.__init__ }}", "undefined");
    check_fails("{{ lipsum.__globals__ }}", "undefined");
    check_fails("{{ '{0.__class__.__mro__}'.format(1) }}", "missing");
    check_fails("{% include '/etc/passwd' %}", "unknown tag");
    check_fails("{% import 'os' as os %}", "unknown tag");
    check_fails("{% extends 'x' %}", "unknown tag");
}
