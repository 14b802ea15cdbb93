// Small templates, each compared with what Jinja 3.1 made of it (tests/data/README.md says how).
#include "template_cases.hpp"

using namespace template_cases;

TEST_CASE("snippets render what they render in Python", "[template]") {
    const auto data = read_json("snippets.json");
    const auto variables = data["variables"].dump();
    REQUIRE(data["snippets"].size() > 400);
    for (const auto& one : data["snippets"]) {
        const auto source = one["source"].get<std::string>();
        INFO(source);
        const auto out = render(source, variables);
        if (one.contains("error")) {
            INFO("Python fails with " << one["error"].get<std::string>() << ", here: " << out.text());
            CHECK_FALSE(out.marked);
        } else {
            CHECK(out.text() == one["expected"].get<std::string>());
        }
    }
}

TEST_CASE("a generation block renders as its body", "[template]") {
    CHECK(render("a{% generation %}b{{ 1 }}{% endgeneration %}c").text() == "ab1c");
}
