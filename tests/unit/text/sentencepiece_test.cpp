#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "small_vocabulary.hpp"
#include "text/merge.hpp"
#include "text/tokenizer.hpp"

using namespace lamina::text;
using Texts = std::vector<std::string>;

namespace {

const std::string block(lower_block);

// The best token of all neighbours, the leftmost of equals, until there is none.
std::vector<std::string> encode_slowly(const VocabularyData& data, const std::string& text) {
    const auto find = [&](const std::string& piece) -> const Token* {
        const auto at = std::find_if(data.tokens.begin(), data.tokens.end(), [&](const Token& token) {
            return token.text == piece && token.kind == TokenKind::normal;
        });
        return at == data.tokens.end() ? nullptr : &*at;
    };
    std::string spaced = text.empty() || !data.add_space_prefix ? "" : block;
    for (const char c : text) spaced += c == ' ' ? block : std::string(1, c);
    std::vector<std::string> symbols;
    for (std::size_t at = 0; at < spaced.size();) {
        const auto size = std::max<std::size_t>(1, character_at(spaced, at).size);
        symbols.push_back(spaced.substr(at, size));
        at += size;
    }
    for (;;) {
        const Token* best = nullptr;
        std::size_t where = 0;
        for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
            const Token* token = find(symbols[i] + symbols[i + 1]);
            if (token != nullptr && (best == nullptr || token->score > best->score)) {
                best = token;
                where = i;
            }
        }
        if (best == nullptr) break;
        symbols[where] += symbols[where + 1];
        symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(where) + 1);
    }
    std::vector<std::string> out;
    for (const auto& symbol : symbols) {
        if (find(symbol) != nullptr) {
            out.push_back(symbol);
            continue;
        }
        for (const char c : symbol) out.push_back(data.tokens[3 + static_cast<unsigned char>(c)].text);
    }
    return out;
}

}  // namespace

TEST_CASE("scores decide what merges, spaces become U+2581 and are put before the text") {
    const auto data = small::sentencepiece(
        {{block, -1}, {"a", -2}, {"b", -3}, {"ab", -10}, {"ba", -9}, {block + "a", -20}});
    const Tokenizer tokenizer(data);
    CHECK(small::texts(data, tokenizer.encode("aba", false)) == Texts{block + "a", "ba"});
    CHECK(small::texts(data, tokenizer.encode(" ab", false)) == Texts{block, block, "ab"});
    CHECK(tokenizer.encode("", false).empty());
    CHECK(tokenizer.encode("", true) == std::vector<std::int32_t>{data.bos});
}

TEST_CASE("the heap merges what trying all neighbours merges, with spaces inside tokens or not") {
    std::mt19937 random(5);
    for (int round = 0; round < 300; ++round) {
        std::vector<std::string> words = {block, "a", "b", "t", "h", "e", ".", "\xC3\xA9", ">"};
        std::vector<std::pair<std::string, float>> pieces;
        for (const auto& word : words) pieces.emplace_back(word, -static_cast<float>(random() % 30));
        for (std::size_t i = 0; i < 30; ++i) {
            const auto word = words[random() % words.size()] + words[random() % words.size()];
            const bool joins = word.find(block, 1) != std::string::npos;
            if (std::find(words.begin(), words.end(), word) != words.end() || (joins && round % 3 == 0))
                continue;
            words.push_back(word);
            pieces.emplace_back(word, -static_cast<float>(random() % 30));  // some scores are equal
        }
        auto data = small::sentencepiece(pieces);
        data.add_space_prefix = round % 2 == 0;
        const Tokenizer tokenizer(data);
        for (int i = 0; i < 20; ++i) {
            auto text = small::random_text(random, random() % 30, true);
            CAPTURE(text);
            REQUIRE(small::texts(data, tokenizer.encode(text, false)) == encode_slowly(data, text));
        }
    }
}

TEST_CASE("characters without a token become byte tokens, or the unknown token where there are none") {
    const auto data = small::sentencepiece({{block, 0}, {"a", 0}});
    CHECK(small::texts(data, Tokenizer(data).encode("a\xC3\xA9\xFF", false)) ==
          Texts{block, "a", "<0xC3>", "<0xA9>", "<0xFF>"});
    auto bare = small::sentencepiece({{block, 0}, {"a", 0}}, false);
    CHECK(small::texts(bare, Tokenizer(bare).encode("a\xC3\xA9\xFF", false)) ==
          Texts{block, "a", "<unk>", "<unk>"});
    const auto replacement = small::add(bare, std::string(replacement_character));
    CHECK(Tokenizer(bare).encode("a\xFF", false).back() == replacement);
    bare.unknown = no_token;
    CHECK(small::texts(bare, Tokenizer(bare).encode("a\xC3\xA9", false)) == Texts{block, "a"});
}

TEST_CASE("unused tokens are steps of merging and fall apart at the end") {
    auto data = small::sentencepiece({{block, 0}, {"a", 0}, {"b", 0}, {"c", 0}, {"abc", -2}});
    small::add(data, "ab", TokenKind::unused, -1);
    const Tokenizer tokenizer(data);
    CHECK(small::texts(data, tokenizer.encode("abab", false)) == Texts{block, "a", "b", "a", "b"});
    CHECK(small::texts(data, tokenizer.encode("abcab", false)) == Texts{block, "abc", "a", "b"});
}

TEST_CASE("the text of control, unknown and byte tokens is never the result of a merge") {
    const auto data = small::sentencepiece({{"<", 0},
                                            {"s", 0},
                                            {">", 0},
                                            {"s>", -1},
                                            {"<s", -1},
                                            {"<0", -1},
                                            {"0", 0},
                                            {"x", 0},
                                            {"0x", -1},
                                            {"0>", -1}});
    const auto texts = small::texts(data, Tokenizer(data).encode("<s><0x00>", false));
    CHECK(std::find(texts.begin(), texts.end(), "<s>") == texts.end());
    CHECK(std::find(texts.begin(), texts.end(), "<0x00>") == texts.end());
}

TEST_CASE("a run without a border that is longer than a merging buffer round-trips") {
    const auto data =
        small::sentencepiece({{block, 0}, {"x", 0}, {"xx", 0}, {"xxxx", 0}, {block + block, -1}});
    const Tokenizer tokenizer(data);
    for (const char c : {'x', ' '}) {
        const std::string text(most_symbols + 3, c);
        CHECK(tokenizer.decode(tokenizer.encode(text, false), false) == text);
    }
}
