#include "json.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "lamina/error.hpp"

namespace lamina::cli {
namespace {

using Json = nlohmann::ordered_json;

[[noreturn]] void refuse(const std::string& name, std::string expected, std::string found) {
    throw Error(ErrorCode::bad_file,
                ErrorDetails{.file = name, .expected = std::move(expected), .found = std::move(found)});
}

// Dumping and destroying a value recurses, so that its depth is limited when it is read.
bool within_depth(int depth, Json::parse_event_t, Json&) {
    constexpr int most = 128;
    if (depth > most)
        throw Error(ErrorCode::bad_file, "json", fmt::format("nested deeper than {} levels", most));
    return true;
}

// "line 3, column 7" of a byte.
std::string place(std::string_view text, std::size_t byte) {
    std::size_t line = 1;
    std::size_t column = 1;
    for (std::size_t i = 0; i + 1 < byte && i < text.size(); ++i) {
        column = text[i] == '\n' ? 1 : column + 1;
        line += text[i] == '\n';
    }
    return fmt::format("line {}, column {}", line, column);
}

Json parse_array(std::string_view text, const std::string& name, bool (*is_item)(const Json&),
                 const char* expected) {
    Json out = parse_json(text, name);
    if (!out.is_array() || !std::all_of(out.begin(), out.end(), is_item))
        refuse(name, expected, "other JSON");
    return out;
}

}  // namespace

void require_utf8(std::string_view text, const std::string& what) {
    try {
        (void)nlohmann::json(text).dump();  // refuses a string that is no UTF-8
    } catch (const nlohmann::json::type_error& error) {
        const std::string_view message = error.what();
        const std::size_t byte = message.find("invalid UTF-8 byte");
        refuse(what, "UTF-8 text",
               std::string(byte == std::string_view::npos ? "something else" : message.substr(byte)));
    }
}

Json parse_json(std::string_view text, const std::string& name) {
    require_utf8(text, name);
    try {
        return Json::parse(text, within_depth);
    } catch (const Json::parse_error& error) {
        refuse(name, "JSON", "an error at " + place(text, error.byte));
    } catch (const Json::out_of_range&) {
        refuse(name, "JSON", "a number that is too large for a double");
    } catch (const Error& error) { refuse(name, "JSON", error.details().found); }
}

std::vector<std::string> parse_texts(std::string_view text, const std::string& name) {
    return parse_array(
               text, name, [](const Json& item) { return item.is_string(); }, "an array of strings")
        .get<std::vector<std::string>>();
}

Json parse_cases(std::string_view text, const std::string& name) {
    return parse_array(
        text, name, [](const Json& item) { return item.is_object(); }, "an array of objects");
}

}  // namespace lamina::cli
