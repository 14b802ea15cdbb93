#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "small_vocabulary.hpp"
#include "text/merge.hpp"
#include "text/pretokenizer.hpp"
#include "text/tokenizer.hpp"

using namespace lamina::text;
using Texts = std::vector<std::string>;

namespace {

// The best merge of all neighbours, the leftmost of equals, until there is none.
std::vector<std::string> merge_slowly(const VocabularyData& data, std::vector<std::string> symbols) {
    std::map<std::string, std::size_t> ranks;
    for (std::size_t i = 0; i < data.merges.size(); ++i) ranks.emplace(data.merges[i], i);
    for (;;) {
        std::size_t best = data.merges.size();
        std::size_t where = 0;
        for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
            const auto found = ranks.find(symbols[i] + " " + symbols[i + 1]);
            if (found != ranks.end() && found->second < best) {
                best = found->second;
                where = i;
            }
        }
        if (best == data.merges.size()) return symbols;
        symbols[where] += symbols[where + 1];
        symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(where) + 1);
    }
}

std::vector<std::string> encode_slowly(const VocabularyData& data, const std::string& text) {
    std::vector<std::string> out;
    Pretokenizer(find_pattern(data.pattern)).split(text, [&](std::string_view piece) {
        std::vector<std::string> symbols;
        for (const char c : piece) symbols.push_back(small::byte_character(static_cast<unsigned char>(c)));
        for (auto& symbol : merge_slowly(data, symbols)) out.push_back(std::move(symbol));
    });
    return out;
}

VocabularyData random_vocabulary(std::mt19937& random) {
    std::vector<std::string> words = {"a", "b", "t", "h", "e", " ", "!", "\xC3", "\xA9", "<", "|"};
    std::vector<std::pair<std::string, std::string>> merges;
    for (std::size_t i = 0; i < 40; ++i) {
        const auto left = words[random() % words.size()];
        const auto right = words[random() % words.size()];
        if (std::find(words.begin(), words.end(), left + right) != words.end()) continue;
        merges.emplace_back(left, right);
        words.push_back(left + right);
    }
    return small::byte_bpe(merges);
}

}  // namespace

TEST_CASE("merges apply in the order of their ranks") {
    const auto data = small::byte_bpe({{"l", "l"}, {"h", "e"}, {"he", "ll"}, {"hell", "o"}, {" ", "w"}});
    const Tokenizer tokenizer(data);
    CHECK(small::texts(data, tokenizer.encode("hello world", false)) ==
          Texts{"hello", small::stored(" w"), "o", "r", "l", "d"});
    CHECK(small::texts(data, tokenizer.encode("lll", false)) == Texts{"ll", "l"});
    CHECK(tokenizer.encode("", false).empty());
}

TEST_CASE("the heap merges what trying all neighbours merges") {
    std::mt19937 random(11);
    for (int round = 0; round < 200; ++round) {
        const auto data = random_vocabulary(random);
        const Tokenizer tokenizer(data);
        for (int i = 0; i < 20; ++i) {
            const auto text = small::random_text(random, random() % 30, false);
            CAPTURE(text);
            REQUIRE(small::texts(data, tokenizer.encode(text, false)) == encode_slowly(data, text));
        }
    }
}

TEST_CASE("bytes that are no UTF-8 are tokens of their own and never merge") {
    const auto data = small::byte_bpe({{"\xC3", "\xA9"}, {"a", "\xFF"}});
    const Tokenizer tokenizer(data);
    CHECK(tokenizer.encode("a\xC3\xA9", false) == std::vector<std::int32_t>{'a', 256});
    CHECK(tokenizer.encode("a\xFF\xC3", false) == std::vector<std::int32_t>{'a', 0xFF, 0xC3});
    CHECK(tokenizer.encode(std::string("\0", 1), false) == std::vector<std::int32_t>{0});
}

TEST_CASE("a byte without a token is the unknown token, or nothing") {
    auto data = small::byte_bpe();
    data.tokens['z'].text = "something else";
    CHECK(Tokenizer(data).encode("azb", false) == std::vector<std::int32_t>{'a', 'b'});
    data.unknown = small::add(data, "<unk>", TokenKind::unknown);
    CHECK(Tokenizer(data).encode("azb", false) == std::vector<std::int32_t>{'a', data.unknown, 'b'});
}

TEST_CASE("llama-bpe keeps a piece that is a token whole, whatever the merges say") {
    auto data = small::byte_bpe({{"a", "b"}, {"ab", "c"}});
    const auto whole = small::add(data, small::stored(" xyz"));
    CHECK(Tokenizer(data).encode(" xyz", false).size() == 4);
    data.pattern = "llama-bpe";
    CHECK(Tokenizer(data).encode(" xyz", false) == std::vector<std::int32_t>{whole});
    CHECK(Tokenizer(data).encode(" xyzz", false).size() == 5);
}

TEST_CASE("runs longer than a merging buffer are cut and still round-trip") {
    const auto data = small::byte_bpe({{"x", "x"}, {"xx", "xx"}});
    const Tokenizer tokenizer(data);
    const std::string text(most_symbols + 3, 'x');
    const auto ids = tokenizer.encode(text, false);
    CHECK(ids.size() == text.size() / 4 + 2);  // xxxx ..., xx, x
    CHECK(tokenizer.decode(ids, false) == text);
}
