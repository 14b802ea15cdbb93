// Broken templates give a typed error or a result: cut at every byte, with bytes replaced, with tags taken
// out.
#include <random>

#include "template_cases.hpp"

using namespace template_cases;

namespace {

struct Published {
    std::string name, source, input;
};

// Each template with the richest of its cases.
std::vector<Published> published() {
    std::vector<Published> out;
    for (const auto& one : read_json("cases.json")) {
        if (one["case"] != "tool_result") continue;
        const auto name = one["template"].get<std::string>();
        out.push_back({name, read_file(folder() + name + ".jinja"), input_of(one)});
    }
    REQUIRE(out.size() == 12);
    return out;
}

}  // namespace

TEST_CASE("a template cut at any byte gives a result or a typed error", "[template][malformed]") {
    for (const auto& one : published()) {
        INFO(one.name);
        std::size_t results = 0;
        for (std::size_t size = 0; size < one.source.size(); ++size) {
            results += render(one.source.substr(0, size), one.input).marked.has_value();
        }
        CHECK(results > 0);                  // the empty template at least
        CHECK(results < one.source.size());  // and not all
    }
}

TEST_CASE("a template with bytes replaced gives a result or a typed error", "[template][malformed]") {
    std::mt19937 random(1);
    const std::string bytes = "{}%#-+|.,:()[]'\"\\ \n\tabz019=<>!~*/_\xC3\xFF\x80";
    for (const auto& one : published()) {
        std::size_t failed = 0;
        for (int i = 0; i < 300; ++i) {
            auto source = one.source;
            for (int k = 0; k < 3; ++k) source[random() % source.size()] = bytes[random() % bytes.size()];
            INFO(one.name << ":\n" << source);
            failed += !render(source, one.input).marked;
        }
        CHECK(failed > 0);
    }
}

TEST_CASE("a template with a piece taken out or doubled gives a result or a typed error",
          "[template][malformed]") {
    std::mt19937 random(2);
    for (const auto& one : published()) {
        std::size_t failed = 0;
        for (int i = 0; i < 300; ++i) {
            auto source = one.source;
            const auto from = random() % source.size(), size = random() % 40;
            if (i % 2 == 0)
                source.erase(from, size);
            else
                source.insert(random() % source.size(), source.substr(from, size));
            INFO(one.name << ":\n" << source);
            failed += !render(source, one.input).marked;
        }
        CHECK(failed > 0);
    }
}
