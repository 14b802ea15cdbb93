// Seeds of texts: vocabularies and what they encode, JSON of the tools.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "fuzz/pattern_names.hpp"
#include "fuzz/rendering.hpp"
#include "fuzz/seeds.hpp"

namespace lamina::fuzz {
namespace {

using Json = nlohmann::ordered_json;

// Texts of the tokenizer's golden data that are short enough, spread over all of them.
std::vector<std::string> golden_texts(std::size_t longest) {
    std::vector<std::string> out;
    for (const auto& one :
         Json::parse(read_whole(std::filesystem::path(LAMINA_TEST_DATA) / "tokenizer/smollm2.json"))) {
        auto text = one["text"].get<std::string>();
        if (text.size() <= longest) out.push_back(std::move(text));
    }
    return out;
}

// The format of fuzz_tokenizer.cpp.
struct SeedToken {
    int kind;
    int score;
    std::string text;
};

std::string tokenizer_seed(int flags, int pattern, const std::vector<SeedToken>& tokens,
                           const std::string& merges, const std::string& ids, const std::string& text) {
    const auto byte = [](std::size_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
    std::string out = {byte(static_cast<std::size_t>(flags)), byte(static_cast<std::size_t>(pattern)),
                       byte(tokens.size())};
    for (const auto& token : tokens) {
        const auto size = std::min<std::size_t>(token.text.size(), 31);
        out += byte(size << 3 | static_cast<std::size_t>(token.kind));
        out += byte(static_cast<std::size_t>(token.score));
        out += token.text.substr(0, size);
    }
    if (!(flags & 1)) out += byte(merges.size() / 2) + merges;
    return out + ids + text;
}

void write_vocabularies(SeedFolder& out) {
    constexpr int pieces = 1, every_byte = 2, prefix = 4, bos = 8, eos = 16, odd = 32;
    const std::vector<SeedToken> specials = {
        {3, 0, "<s>"}, {3, 0, "<|im_end|>"}, {4, 0, "<tool>"}, {2, 0, "<unk>"}};
    const std::vector<SeedToken> words = {{1, 1, "a"},
                                          {1, 2, "b"},
                                          {1, 3, "ab"},
                                          {1, 9,
                                           "\xE2\x96\x81"
                                           "a"},
                                          {5, 8, "aba"},
                                          {1, 7, "abab"},
                                          {6, 0, "<0x41>"},
                                          {1, 4, "\xC3\xA9"}};
    const std::string text = "ab abab a<s>b <tool>c\xC3\xA9 <|im_end|>";
    for (const int flags : {every_byte, every_byte | bos | eos, 0}) {
        for (std::size_t pattern = 0; pattern < pattern_names.size(); ++pattern) {
            out.add("bpe",
                    tokenizer_seed(flags, static_cast<int>(pattern), specials, "ababbc", "\4\3\1", text));
        }
    }
    for (const int flags : {every_byte, every_byte | prefix, every_byte | prefix | bos | eos, prefix, 0}) {
        out.add("pieces", tokenizer_seed(pieces | flags, 0, specials, "", std::string("\0\0\1", 3), text));
        out.add("words", tokenizer_seed(pieces | flags, 0, words, "", std::string("\0\0\0", 3), text));
    }
    out.add("harmony",
            tokenizer_seed(every_byte, 0, {{3, 0, "<|return|>"}, {3, 0, "<|call|>"}, {3, 0, "<|end|>"}}, "",
                           std::string("\0\1\0", 3), "a<|end|>b"));
    out.add("end-names", tokenizer_seed(every_byte, 0, {{1, 0, "</s>"}, {4, 0, "<|eot_id|>"}}, "",
                                        std::string(3, '\0'), "a</s>"));
    out.add("byte-of-no-value",
            tokenizer_seed(every_byte, 0, {{6, 0, "<0xZZ>"}}, "", std::string(3, '\0'), text));
    out.add("kind-of-none", tokenizer_seed(every_byte, 0, {{7, 127, "x"}}, "", std::string(3, '\0'), text));
    out.add("score-of-none", tokenizer_seed(pieces, 0, {{1, 128, "x"}}, "", std::string(3, '\0'), text));
    out.add("id-outside", tokenizer_seed(every_byte, 0, specials, "", "\xFF\xFE\1", text));
    out.add("merge-of-none", tokenizer_seed(every_byte, 0, {}, "\xFF\3", "x y", text));
    out.add("merge-of-one", tokenizer_seed(every_byte, 0, {}, "\xFF\1", "x", text));
    out.add("merge-to-none", tokenizer_seed(every_byte, 0, {}, "a\x1F", std::string(3, '\0'), text));
    out.add("merge-to-control",
            tokenizer_seed(every_byte, 0, {{3, 0, "ab"}}, "a\x6F", std::string(3, '\0'), "ab"));
    out.add("unigram", tokenizer_seed(every_byte | odd | 64 | 128, 0, {}, "", "", text));
    out.add("wordpiece", tokenizer_seed(every_byte | odd | 64, 0, {}, "", "", text));
    out.add("no-tokens", tokenizer_seed(0, 0, {}, "", "", text));
    out.add("no-utf8", tokenizer_seed(pieces, 0, {{1, 0, "\xEF\xBF\xBD"}, {1, 0, "a"}}, "",
                                      std::string(3, '\0'), "a\xFF\xE2\x96 b\xF0\x9F"));
    for (const auto& golden : golden_texts(100)) {
        out.add("golden", tokenizer_seed(every_byte, 2, specials, "herello ", std::string(3, '\0'), golden));
        out.add("golden",
                tokenizer_seed(pieces | every_byte | prefix, 0, words, "", std::string(3, '\0'), golden));
    }
}

}  // namespace

void write_tokenizer_seeds(const std::filesystem::path& root) {
    SeedFolder vocabularies(root, "tokenizer");
    write_vocabularies(vocabularies);
    SeedFolder out(root, "pretokenizer");
    std::size_t pattern = 0;
    for (const auto& text : golden_texts(400)) {
        out.add("golden", std::string(1, static_cast<char>(pattern++ % pattern_names.size())) + text);
    }
    write_file(root / "tokenizer.dict",
               "\"'s\"\n\"'ll\"\n\" "
               "\"\n\"\\x0d\\x0a\"\n\"\\xe2\\x96\\x81\"\n\"\\xef\\xbf\\xbd\"\n\"<0x41>\"\n\"<|im_end|>\"\n"
               "\"</"
               "s>\"\n\"<|eot_id|>"
               "\"\n\"\\xc3\\xa9\"\n\"\\xe4\\xb8\\xad\"\n\"\\xf0\\x9f\\xa6\\x99\"\n\"\\xcc\\x80\"\n\"\\xc2\\x"
               "85\"\n");
    std::filesystem::copy_file(root / "tokenizer.dict", root / "pretokenizer.dict",
                               std::filesystem::copy_options::overwrite_existing);
}

void write_json_seeds(const std::filesystem::path& root) {
    SeedFolder out(root, "json");
    const auto add = [&](int choice, const std::string& text) {
        out.add("json", static_cast<char>(choice) + text);
    };
    for (const char* text :
         {R"(["a","","\u00e9\ud83d\ude00"])", "[]", "[1]", "{}", R"([{"a":[1,-2,3.5e7,null,true]}])",
          R"({"messages":[{"role":"user","content":"hi"}],"tools":null})", "[1,\n 2", "\"\\x\"", "",
          "{\"a\":\n{\"b\":\n}}", "18446744073709551616", "-0.0", "1e999", "[\"\xFF\"]", "\xEF\xBB\xBF[]"}) {
        for (const int choice : {0, 1, 2}) add(choice, text);
    }
    add(2, std::string(130, '[') + std::string(130, ']'));
    add(2, std::string(128, '[') + std::string(128, ']'));
    Json texts = golden_texts(60);
    add(0, texts.dump());
    const auto cases = Json::parse(read_whole(template_folder() / "cases.json"));
    for (std::size_t i = 0; i < 4; ++i) add(1, Json::array({cases[i]}).dump());
    write_file(
        root / "json.dict",
        "\"null\"\n\"true\"\n\"false\"\n\"[]\"\n\"{}\"\n\"\\\\u0000\"\n\"\\\\ud83d\\\\ude00\"\n\"1e308\"\n"
        "\"-9223372036854775808\"\n\"18446744073709551615\"\n\"\\\"\"\n");
}

}  // namespace lamina::fuzz
