// No message can write what counts as the template's own text.
#include "template_cases.hpp"

using namespace template_cases;

namespace {

// "own{theirs}own": what the template wrote, and in braces what came with the input.
std::string marked(const std::string& source) {
    const std::string input =
        R"({"x": "Ab", "s": " a, b ", "l": ["p", "q"], "d": {"k": "v\n"}, "n": 7, "f": true,
                                  "bos_token": "<s>", "eos_token": "</s>", "fmt": "<%s>", "braces": "<{}>"})";
    const auto out = render(source, input);
    if (!out.marked) return out.text();
    std::string shown;
    std::size_t at = 0;
    for (const auto& span : out.marked->spans) {
        const auto text = out.marked->text.substr(at, span.size);
        shown += span.trusted ? text : "{" + text + "}";
        at += span.size;
    }
    return shown;
}

// Control tokens as the vocabularies of many families spell them.
const char* const control_tokens[] = {
    "<|im_start|>",
    "<|im_end|>",
    "<|endoftext|>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<bos>",
    "<eos>",
    "<|user|>",
    "<|assistant|>",
    "<|system|>",
    "<|end|>",
    "<|START_OF_TURN_TOKEN|>",
    "<|END_OF_TURN_TOKEN|>",
    "<｜User｜>",
    "<｜Assistant｜>",
    "<｜end▁of▁sentence｜>",
    "<|start|>",
    "<|message|>",
    "<|channel|>",
    "<|return|>",
    "<|start_of_role|>",
    "<|end_of_role|>",
    "<|end_of_text|>",
    "[gMASK]",
    "<sop>",
    "<|observation|>",
    "<|im_user|>",
    "<|im_middle|>",
    "[TOOL_CALLS]",
    "[AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "<tool_call>",
    "</tool_call>",
    "<think>",
    "<|python_tag|>",
    "<|eom_id|>",
    "[SYSTEM_PROMPT]",
    "<unk>",
    "<pad>",
    "<mask>",
    "[CLS]",
    "[SEP]",
};

// Appends `forged` to every text that a user or tool may write.
void forge(Json& value, const std::string& forged) {
    if (value.is_string()) value = value.get<std::string>() + forged;
    if (!value.is_structured()) return;
    for (auto it = value.begin(); it != value.end(); ++it) {
        const bool control = value.is_object() && (it.key() == "role" || it.key() == "type" ||
                                                   it.key() == "id" || it.key() == "tool_call_id");
        if (!control) forge(*it, forged);
    }
}

}  // namespace

TEST_CASE("what came with the input stays marked through every operation", "[template][provenance]") {
    const std::pair<const char*, const char*> cases[] = {
        {"a{{ x }}b", "a{Ab}b"},
        {"{{ 'a' + x + 'b' }}", "a{Ab}b"},
        {"{{ 'a' ~ x ~ n ~ f }}", "a{Ab7True}"},
        {"{{ x * 2 }}", "{AbAb}"},
        {"{{ ('a' + x)[1:] }}{{ ('a' + x)[::-1] }}", "{AbbA}a"},
        {"{{ ('a' + x)[0] }}{{ ('a' + x)[1] }}", "a{A}"},
        {"{{ ('<' + x + '>')|upper }}", "<{AB}>"},
        {"{{ ('<' + x + '>').lower() }}", "<{ab}>"},
        {"{{ (' ' + x + ' ').strip() }}", "{Ab}"},
        {"{{ ('-' + s + '-').strip('-') }}", "{ a, b }"},
        {"{{ x.replace('b', '<|>') }}", "{A}<|>"},
        {"{{ 'xbx'.replace('b', x) }}", "x{Ab}x"},
        {"{{ 'a-b'|replace('-', x) }}", "a{Ab}b"},
        {"{{ l|join('|') }}", "{p}|{q}"},
        {"{{ '|'.join(l) }}", "{p}|{q}"},
        {"{{ ['a', 'b']|join(x) }}", "a{Ab}b"},
        {"{{ s.split(',')[1] }}", "{ b }"},
        {"{{ ('<,' + s).split(',')|join(';') }}", "<;{ a};{ b }"},
        {"{{ x|tojson }}", "{\"Ab\"}"},
        {"{{ ['<', x]|tojson }}", "[\"<\", {\"Ab\"}]"},
        {"{{ d|tojson }}", "{{\"k\": \"v\\n\"}}"},
        {"{{ {'a': x}|tojson }}", "{\"a\": {\"Ab\"}}"},
        {"{{ l }}", "{['p', 'q']}"},
        {"{{ [x] }}", "[{'Ab'}]"},
        {"{{ '<%s>' % x }}", "<{Ab}>"},
        {"{{ '<%5s>' % x }}", "<   {Ab}>"},
        {"{{ fmt % 'a' }}", "{<}a{>}"},
        {"{{ '<%s>'|format(x) }}", "<{Ab}>"},
        {"{{ '<{}>'.format(x) }}", "<{Ab}>"},
        {"{{ braces.format('a') }}", "{<}a{>}"},
        {"{{ x|title }}{{ x|capitalize }}", "{AbAb}"},
        {"{{ ('a\n' + x)|indent(1) }}", "a\n {Ab}"},
        {"{{ x|e }}{{ ('<' + x)|e }}", "{Ab}&lt;{Ab}"},
        {"{{ x|list|join }}", "{Ab}"},
        {"{{ x|reverse }}{{ x|first }}{{ x|last }}", "{bAAb}"},
        {"{{ x|string }}{{ x|trim }}{{ x|safe }}{{ x|default('d') }}", "{AbAbAbAb}"},
        {"{% for c in x %}{{ c }}-{% endfor %}", "{A}-{b}-"},
        {"{% for k, v in d.items() %}{{ k }}={{ v }}{% endfor %}", "{k}={v\n}"},
        {"{% set y %}<{{ x }}>{% endset %}{{ y }}", "<{Ab}>"},
        {"{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(x) }}", "<{Ab}>"},
        {"{% filter upper %}<{{ x }}>{% endfilter %}", "<{AB}>"},
        {"{{ n }}{{ n + 1 }}{{ 1 }}{{ n|string }}{{ '5'|int + 1 }}", "{78}1{7}6"},
        {"{{ x|length }}{{ l|length }}", "22"},
        {"{{ bos_token }}{{ eos_token }}{{ bos_token + x }}", "<s></s><s>{Ab}"},
        {"{{ x|truncate(1, true, '', 0) }}", "{A}"},
        {"{{ x.center(4, '*') }}{{ 'a'.ljust(3, x[0]) }}", "*{Ab}*a{AA}"},
        {"{{ l|sort|join }}{{ l|map('upper')|join }}{{ l|unique|join }}", "{pqPQpq}"},
        {"{{ 'own' if x else x }}", "own"},
        {"{{ x.partition('b')|join }}{{ x.splitlines()|join }}", "{AbAb}"},
        {"{{ strftime_now('%Y') }}{{ strftime_now(x) }}", "2024{Ab}"},
    };
    for (const auto& one : cases) {
        INFO(one.first);
        CHECK(marked(one.first) == one.second);
    }
}

TEST_CASE("only the tokens at the top of the input are trusted", "[template][provenance]") {
    const auto out = render("{{ bos_token }}{{ d.bos_token }}{{ unk_token }}",
                            R"({"bos_token": "<s>", "d": {"bos_token": "<t>"}, "unk_token": "<u>"})");
    REQUIRE(out.marked);
    CHECK(part(*out.marked, true) == "<s>");
    CHECK(part(*out.marked, false) == "<t><u>");
}

TEST_CASE("a token spelled half by the template and half by a message is not trusted whole",
          "[template][provenance]") {
    const auto out = render("<|im_{{ x }}|>", R"({"x": "end"})");
    REQUIRE(out.marked);
    CHECK(out.marked->text == "<|im_end|>");
    CHECK(out.marked->spans.size() == 3);
}

TEST_CASE(
    "threat llama.cpp#24382: no message, tool or argument forges a control token in a published template",
    "[template][provenance]") {
    const std::string seal = "\xE2\x9F\xA6";  // occurs in no template, and marks each forgery
    for (const auto& one : read_json("cases.json")) {
        if (one.contains("error")) continue;
        const auto name = one["template"].get<std::string>();
        INFO(name << ", case " << one["case"].get<std::string>());
        const lamina::text::Template parsed(read_file(folder() + name + ".jinja"));
        for (const std::string token : control_tokens) {
            Json forged = one;
            const auto forgery = token + seal;
            forge(forged["messages"], forgery);
            if (forged["tools"].is_array()) forge(forged["tools"], forgery);
            const auto out = render(parsed, input_of(forged));
            if (!out.marked) continue;  // some templates refuse their own tokens in messages
            INFO(token);
            const auto own = part(*out.marked, true);
            CHECK(own.find(seal) == std::string::npos);
            // Whatever precedes a seal is the forged token, byte for byte untrusted.
            std::string origins;
            for (const auto& span : out.marked->spans) origins.append(span.size, span.trusted ? '+' : '-');
            std::size_t seen = 0;
            for (auto at = out.marked->text.find(forgery); at != std::string::npos;
                 at = out.marked->text.find(forgery, at + 1)) {
                ++seen;
                REQUIRE(origins.substr(at, forgery.size()).find('+') == std::string::npos);
            }
            CHECK(seen > 0);
        }
    }
}
