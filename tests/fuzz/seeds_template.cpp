// Seeds of chat templates and of the messages that they are given.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "fuzz/rendering.hpp"
#include "fuzz/seeds.hpp"

namespace lamina::fuzz {
namespace {

using Json = nlohmann::ordered_json;

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"\n";
}

// Words of the language, and those of its filters, tests, methods and globals.
constexpr std::string_view words[] = {"{{",
                                      "}}",
                                      "{%",
                                      "%}",
                                      "{#",
                                      "#}",
                                      "{%-",
                                      "-%}",
                                      "{{-",
                                      "-}}",
                                      "if",
                                      "elif",
                                      "else",
                                      "endif",
                                      "for",
                                      "in",
                                      "endfor",
                                      "set",
                                      "endset",
                                      "macro",
                                      "endmacro",
                                      "call",
                                      "endcall",
                                      "filter",
                                      "endfilter",
                                      "raw",
                                      "endraw",
                                      "break",
                                      "continue",
                                      "generation",
                                      "endgeneration",
                                      "is",
                                      "not",
                                      "and",
                                      "or",
                                      "recursive",
                                      "loop",
                                      "loop.index0",
                                      "loop.first",
                                      "loop.last",
                                      "loop.previtem",
                                      "loop.nextitem",
                                      "loop.cycle(",
                                      "namespace(",
                                      "range(",
                                      "dict(",
                                      "cycler(",
                                      "joiner(",
                                      "raise_exception(",
                                      "strftime_now(",
                                      "caller(",
                                      "varargs",
                                      "kwargs",
                                      "true",
                                      "false",
                                      "none",
                                      "defined",
                                      "undefined",
                                      "string",
                                      "number",
                                      "mapping",
                                      "iterable",
                                      "sequence",
                                      "sameas",
                                      "divisibleby(",
                                      "even",
                                      "odd",
                                      "boolean",
                                      "integer",
                                      "float",
                                      "callable",
                                      "eq",
                                      "ne",
                                      "lt",
                                      "gt",
                                      "ge",
                                      "le",
                                      "escaped",
                                      "lower",
                                      "upper",
                                      "|abs",
                                      "|attr(",
                                      "|batch(",
                                      "|capitalize",
                                      "|center(",
                                      "|default(",
                                      "|dictsort",
                                      "|escape",
                                      "|filesizeformat",
                                      "|first",
                                      "|float",
                                      "|forceescape",
                                      "|format(",
                                      "|groupby(",
                                      "|indent(",
                                      "|int",
                                      "|items",
                                      "|join(",
                                      "|last",
                                      "|length",
                                      "|list",
                                      "|lower",
                                      "|map(",
                                      "|max",
                                      "|min",
                                      "|pprint",
                                      "|random",
                                      "|reject(",
                                      "|rejectattr(",
                                      "|replace(",
                                      "|reverse",
                                      "|round(",
                                      "|safe",
                                      "|select(",
                                      "|selectattr(",
                                      "|slice(",
                                      "|sort",
                                      "|string",
                                      "|striptags",
                                      "|sum",
                                      "|title",
                                      "|tojson(",
                                      "|trim",
                                      "|truncate(",
                                      "|unique",
                                      "|upper",
                                      "|urlencode",
                                      "|wordcount",
                                      "|wordwrap(",
                                      ".strip(",
                                      ".lstrip(",
                                      ".rstrip(",
                                      ".split(",
                                      ".rsplit(",
                                      ".splitlines(",
                                      ".join(",
                                      ".replace(",
                                      ".startswith(",
                                      ".endswith(",
                                      ".upper()",
                                      ".lower()",
                                      ".title()",
                                      ".capitalize()",
                                      ".find(",
                                      ".rfind(",
                                      ".index(",
                                      ".count(",
                                      ".format(",
                                      ".keys()",
                                      ".values()",
                                      ".items()",
                                      ".get(",
                                      ".append(",
                                      ".zfill(",
                                      ".isdigit()",
                                      ".isalpha()",
                                      ".isspace()",
                                      ".removeprefix(",
                                      ".removesuffix(",
                                      ".center(",
                                      ".ljust(",
                                      ".rjust(",
                                      ".partition(",
                                      ".encode(",
                                      ".pop(",
                                      "attribute=",
                                      "indent=",
                                      "ensure_ascii=",
                                      "sort_keys=",
                                      "separators=",
                                      "start=",
                                      "//",
                                      "**",
                                      "~",
                                      "==",
                                      "!=",
                                      "<=",
                                      ">=",
                                      "[::-1]",
                                      "[1:]",
                                      "messages",
                                      "tools",
                                      "bos_token",
                                      "%s",
                                      "%5.2f",
                                      "{0:>5}",
                                      "\\n"};

// What the snippets leave out: every conversion of a date, names and functions as values, the edges of
// numbers, long searches.
constexpr std::string_view rare_sources[] = {
    R"x({{ strftime_now('%C %k %l %f %r %P %y %Y %m %d %e %H %I %M %S %p %a %A %b %B %j %U %W %u %w %c %x %X %D %F %R %T %h %n %t %% %Z %z %s %G %V %g %-d %-m %Q %') }})x",
    R"x({{ -(-9223372036854775807 - 1) }}{{ 9223372036854775807 + 1 }})x",
    R"x({{ (-9223372036854775807 - 1) | abs }})x",
    R"x({{ 9223372036854775808 }})x",
    R"x({{ messages | map(attribute='role') | last }})x",
    R"x({{ messages | dictsort }})x",
    R"x({{ l | tojson(separators=[1, 2]) }})x",
    R"x({{ l | tojson(separators='x') }})x",
    R"x({{ '%f %e %g %F' % (1e308 * 10, -1e308 * 10, 1e308 * 10 - 1e308 * 10, 1e308 * 10) }})x",
    R"x({{ '{:f} {:%}'.format(1e308 * 10, 1e308 * 10) }})x",
    R"x({{ '{:!}{'.format(1) }})x",
    R"x({{ '{:5.2q}'.format(1) }})x",
    R"x({{ range }}{{ cycler(1).next }}{{ joiner() }}{{ cycler(1) }}{{ 'a'.strip }}{% macro m() %}{% endmacro %}{{ m }}{{ m.name }}{{ range.x }}{{ [m, joiner(), 'a'.strip] }})x",
    R"x({{ cycler(1)() }})x",
    R"x({{ range(1, 9, 3) }}{{ range(3) }}{{ range(0) }}{{ range(5, 1, -2) }})x",
    R"x({% generation %}{% for x in l %}{{ x }}{% endfor %}{% endgeneration %})x",
    R"x({% with a = 1, b = 2 %}{{ a + b }}{% endwith %})x",
    R"x({{ ('ab' * 50).find('ab' * 20) }}{{ ('ab' * 50).replace('ab' * 20, 'x') }}{{ ('ab' * 50).rfind('ab' * 20) }}{{ ('ab' * 60) | replace('b' + 'ab' * 20, 'x') }}{{ ('a' * 99).count('a' * 33) }}{{ ('ab' * 60).rsplit('ab' * 20) }})x",
    R"x({{ ')x"
    "\xCD\xB8"
    R"x('.isalpha() }}{{ ')x"
    "\xCD\xB8"
    R"x(' | tojson }})x",
    R"x({{ {m: 1} }}{{ joiner() in {1: 2} }}{{ {} in {1: 2} }}{{ [1] in {1: 2} }}{{ (1, [2]) in {(1, 2): 3} }})x",
    R"x({{ '\\x41\\u00e9\\101\\N{DASH}\\q\\\n' }})x",
    R"x({{ strftime_now('%Y') }}{{ undefined_name.x.y }})x",
    R"x({% for a, b in d | items recursive %}{{ loop(b) }}{% endfor %})x",
};

}  // namespace

void write_template_seeds(const std::filesystem::path& root) {
    SeedFolder sources(root, "template");
    const auto snippets = Json::parse(read_whole(template_folder() / "snippets.json"));
    for (const auto& snippet : snippets["snippets"]) {
        sources.add("snippet", snippet["source"].get<std::string>());
    }
    for (const auto source : rare_sources) sources.add("rare", source);
    sources.add("too-deep", "{{ " + std::string(80, '(') + "1" + std::string(80, ')') + " }}");
    const auto paths = template_paths();
    std::vector<std::string> names;
    for (const auto& path : paths) {
        names.push_back(path.stem().string());
        const auto source = read_whole(path);
        if (source.size() <= 4096) sources.add("published", source);
    }
    SeedFolder out(root, "messages");
    const auto add = [&](const std::string& name, const Json& input) {
        const auto at = std::find(names.begin(), names.end(), name);
        if (at == names.end()) return;
        out.add("case", std::string(1, static_cast<char>(at - names.begin())) + input.dump());
    };
    for (const auto& one : Json::parse(read_whole(template_folder() / "cases.json"))) {
        Json input;
        for (const char* key : {"messages", "tools", "add_generation_prompt", "bos_token", "eos_token"}) {
            if (one.contains(key)) input[key] = one[key];
        }
        add(one["template"], input);
    }
    for (const auto& name : names) {
        Json message = {{"role", "user"}, {"content", std::string(forged_token)}};
        add(name, {{"messages", Json::array({message})}, {"add_generation_prompt", true}});
    }
    const std::string deep = R"({"messages":)" + std::string(70, '[') + std::string(70, ']') + "}";
    for (const std::string& input :
         {deep, std::string("[]"), std::string("1"), std::string("{"),
          std::string(R"({"a":18446744073709551615})"), std::string(R"({"a":99999999999999999999})"),
          std::string(R"({"a":1e999,"b":-1.5})")}) {
        out.add("input", std::string(1, '\0') + input);
    }
    std::string dictionary;
    for (const auto word : words) dictionary += quoted(word);
    write_file(root / "template.dict", dictionary);
    write_file(root / "messages.dict",
               "\"<|forged|>"
               "\"\n\"role\"\n\"content\"\n\"user\"\n\"assistant\"\n\"system\"\n\"tool\"\n\"tools\"\n\"tool_"
               "calls\"\n"
               "\"function\"\n\"arguments\"\n\"parameters\"\n\"properties\"\n\"type\"\n\"string\"\n\"enable_"
               "thinking\"\n"
               "\"reasoning_content\"\n\"<think>\"\n\"</"
               "think>\"\n\"documents\"\n\"strict\"\n\"\\\\u0000\"\n\"\\\\ud83d\\\\ude00\"\n");
}

}  // namespace lamina::fuzz
