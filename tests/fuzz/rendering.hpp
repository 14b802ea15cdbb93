// Templates of the test data and what every rendering has to keep.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fuzz/harness.hpp"
#include "text/template.hpp"

namespace lamina::fuzz {

inline constexpr std::string_view forged_token = "<|forged|>";

inline std::string read_whole(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    require(file.good(), path.c_str());
    return std::string(std::istreambuf_iterator<char>(file), {});
}

inline std::filesystem::path template_folder() {
    return std::filesystem::path(LAMINA_TEST_DATA) / "templates";
}

// The conversation that the snippets of the test data are rendered for.
inline std::string snippet_variables() {
    return nlohmann::ordered_json::parse(read_whole(template_folder() / "snippets.json"))["variables"].dump();
}

// Paths of the templates, in the order of their names.
inline std::vector<std::filesystem::path> template_paths() {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(template_folder())) {
        if (entry.path().extension() == ".jinja") out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
}

inline std::vector<std::unique_ptr<text::Template>> published_templates() {
    std::vector<std::unique_ptr<text::Template>> out;
    for (const auto& path : template_paths())
        out.push_back(std::make_unique<text::Template>(read_whole(path)));
    return out;
}

// Few steps: with as many as the library allows a short loop would take a second, and leave no time for
// others.
inline text::MarkedText render(const text::Template& parsed, std::string_view json, std::uint64_t steps) {
    auto out = parsed.render(json, "2024-07-26T09:05:03", steps);
    std::size_t covered = 0;
    for (const auto& span : out.spans) covered += span.size;
    require(covered == out.text.size(), "marks cover the text");
    return out;
}

}  // namespace lamina::fuzz
