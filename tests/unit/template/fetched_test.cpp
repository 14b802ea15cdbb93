// Templates under terms of their own, which tests/run.sh fetches: only the sizes and FNV-1a hashes of what
// they render to lie with the test data.
#include <cstdlib>
#include <filesystem>

#include "template_cases.hpp"

using namespace template_cases;

namespace {

std::string fetched_folder() {
    const char* from_environment = std::getenv("LAMINA_TEST_MODELS");
    const std::filesystem::path models = from_environment ? from_environment : LAMINA_TEST_MODELS_DEFAULT;
    const auto fetched = models / "llama-cpp-python-0.3.36" / "templates";
    return (std::filesystem::is_directory(fetched) ? fetched : models / "templates").string();
}

std::string read_fetched(const std::string& name) {
    const auto path = fetched_folder() + "/" + name + ".jinja";
    INFO(
        path << " is missing: run tests/run.sh, which fetches it, or point LAMINA_TEST_MODELS to its folder");
    REQUIRE(std::filesystem::is_regular_file(path));
    return read_file(path);
}

std::string fnv1a(const std::string& text) {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    char out[17];
    std::snprintf(out, sizeof out, "%016llx", static_cast<unsigned long long>(hash));
    return out;
}

}  // namespace

TEST_CASE("fetched templates render what they render in Python", "[template][models]") {
    const auto cases = read_json("fetched_cases.json");
    REQUIRE(cases.size() == 35);
    for (const auto& one : cases) {
        const auto name = one["template"].get<std::string>();
        INFO(name << ", case " << one["case"].get<std::string>());
        const auto out = render(read_fetched(name), input_of(one));
        INFO(out.text());
        if (one.contains("error")) {
            CHECK_FALSE(out.marked);
            continue;
        }
        CHECK(out.text().size() == one["expected_bytes"].get<std::size_t>());
        CHECK(fnv1a(out.text()) == one["expected_fnv1a"].get<std::string>());
    }
}

TEST_CASE("a fetched template cut at any byte gives a result or a typed error", "[template][models]") {
    for (const auto& one : read_json("fetched_cases.json")) {
        if (one["case"] != "tool_result") continue;
        const auto source = read_fetched(one["template"].get<std::string>());
        std::size_t results = 0;
        for (std::size_t size = 0; size < source.size(); ++size) {
            results += render(source.substr(0, size), input_of(one)).marked.has_value();
        }
        CHECK(results > 0);
        CHECK(results < source.size());
    }
}
