// Templates of the test data, and what rendering one comes to.
#pragma once

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "lamina/error.hpp"
#include "text/template.hpp"

namespace template_cases {

using Json = nlohmann::ordered_json;
inline constexpr std::string_view moment = "2024-07-26T09:05:03";

inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    INFO("reading " << path);
    REQUIRE(file.good());
    return std::string(std::istreambuf_iterator<char>(file), {});
}

inline std::string folder() { return LAMINA_TEST_DATA "/templates/"; }
inline Json read_json(const std::string& name) { return Json::parse(read_file(folder() + name)); }

// What a case gives to its template.
inline std::string input_of(const Json& one) {
    Json out;
    for (const char* name : {"messages", "tools", "add_generation_prompt", "bos_token", "eos_token"}) {
        if (one.contains(name)) out[name] = one[name];
    }
    return out.dump();
}

struct Outcome {
    std::optional<lamina::text::MarkedText> marked;
    std::string error;
    std::string text() const { return marked ? marked->text : "error: " + error; }
};

// Only the template's own failures are outcomes; any other exception fails the test.
inline Outcome render(const lamina::text::Template& parsed, const std::string& input) {
    Outcome out;
    try {
        out.marked = parsed.render(input, moment);
    } catch (const lamina::Error& error) {
        if (error.code() != lamina::ErrorCode::template_failed) throw;
        out.error = error.what();
    }
    if (!out.marked) return out;
    std::size_t covered = 0;
    for (const auto& span : out.marked->spans) covered += span.size;
    REQUIRE(covered == out.marked->text.size());
    return out;
}

inline Outcome render(const std::string& source, const std::string& input = "{}") {
    try {
        return render(lamina::text::Template(source), input);
    } catch (const lamina::Error& error) {
        if (error.code() != lamina::ErrorCode::template_failed) throw;
        return Outcome{std::nullopt, error.what()};
    }
}

// The bytes of one origin.
inline std::string part(const lamina::text::MarkedText& marked, bool trusted) {
    std::string out;
    std::size_t at = 0;
    for (const auto& span : marked.spans) {
        if (span.trusted == trusted) out += marked.text.substr(at, span.size);
        at += span.size;
    }
    return out;
}

}  // namespace template_cases
