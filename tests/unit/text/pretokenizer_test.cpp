#include <catch2/catch.hpp>
#include <random>

#include "small_vocabulary.hpp"
#include "text/pretokenizer.hpp"

using namespace lamina::text;
using Pieces = std::vector<std::string>;

namespace {

const std::vector<std::string> pattern_names = {"gpt-2", "smollm",       "starcoder", "llama-bpe",
                                                "qwen2", "deepseek-llm", "falcon"};

Pieces split(std::string_view pattern, std::string_view text) {
    Pieces out;
    Pretokenizer(find_pattern(pattern)).split(text, [&](std::string_view piece) { out.emplace_back(piece); });
    return out;
}

}  // namespace

TEST_CASE("each pattern splits as published") {
    const std::string text = "It's  12345 d\xC3\xA9j\xC3\xA0-vu!\n\n x";
    CHECK(split("gpt-2", text) ==
          Pieces{"It", "'s", " ", " 12345", " d\xC3\xA9j\xC3\xA0", "-", "vu", "!", "\n\n", " x"});
    CHECK(split("smollm", text) == Pieces{"It", "'s", "  ", "1", "2", "3", "4", "5", " d\xC3\xA9j\xC3\xA0",
                                          "-", "vu", "!", "\n\n", " x"});
    CHECK(split("llama-bpe", text) ==
          Pieces{"It", "'s", " ", " ", "123", "45", " d\xC3\xA9j\xC3\xA0", "-vu", "!\n\n", " x"});
    CHECK(split("qwen2", text) ==
          Pieces{"It", "'s", " ", " ", "1", "2", "3", "4", "5", " d\xC3\xA9j\xC3\xA0", "-vu", "!\n\n", " x"});
    CHECK(split("deepseek-llm", "I \xE4\xB8\xAD\xE6\x96\x87 12.\nb  ") ==
          Pieces{"I", " ", "\xE4\xB8\xAD\xE6\x96\x87", " ", "1", "2", ".", "\n", "b", "  "});
    CHECK(split("falcon", "a $1234 b") == Pieces{"a", " ", "$", "123", "4", " b"});
    CHECK(split("llama-bpe", "I'VE") == Pieces{"I", "'VE"});
    CHECK(split("gpt-2", "I'VE") == Pieces{"I", "'", "VE"});
}

TEST_CASE("white space is Unicode's White_Space") {
    // U+180E was a separator before Unicode 6.3; U+0085 and U+3000 are white space.
    CHECK(split("gpt-2", "a \xE1\xA0\x8E") == Pieces{"a", " \xE1\xA0\x8E"});
    CHECK(split("gpt-2", "a\xC2\x85\xE3\x80\x80") == Pieces{"a", "\xC2\x85\xE3\x80\x80"});
}

TEST_CASE("a name that is not known falls back to gpt-2") {
    CHECK(find_pattern("no such pattern").name == "gpt-2");
    CHECK(find_pattern("").name == "gpt-2");
    CHECK_FALSE(has_pattern("default"));
    CHECK(has_pattern("smollm"));
}

TEST_CASE("the pieces are the text") {
    std::mt19937 random(3);
    for (const auto& name : pattern_names) {
        const Pretokenizer pretokenizer(find_pattern(name));
        for (int round = 0; round < 300; ++round) {
            const auto text = small::random_text(random, random() % 40, false);
            std::string joined;
            pretokenizer.split(text, [&](std::string_view piece) {
                REQUIRE_FALSE(piece.empty());
                joined += piece;
            });
            REQUIRE(joined == text);
        }
    }
}

// Peers' servers died of runs of one class of characters, by recursion or by quadratic matching.
TEST_CASE("threat llama.cpp#21113: 1 MiB runs of each character class are split by each pattern") {
    const std::vector<std::string> classes = {"a",
                                              "A",
                                              "3",
                                              " ",
                                              "\n",
                                              "\t",
                                              "\r\n",
                                              "!",
                                              "'",
                                              "$",
                                              "\xC2\xA0",
                                              "\xD0\xB6",
                                              "\xE4\xB8\xAD",
                                              "\xEA\xB0\x80",
                                              "\xF0\x9F\xA6\x99",
                                              "\xCC\x80",
                                              "\xD9\xA3",
                                              "\xE3\x80\x82",
                                              " a",
                                              " \n",
                                              "'s",
                                              std::string(1, '\0')};
    for (const auto& name : pattern_names) {
        const Pretokenizer pretokenizer(find_pattern(name));
        for (const auto& unit : classes) {
            std::string text;
            while (text.size() < std::size_t{1} << 20) text += unit;
            for (const std::string& tail : {std::string(), std::string("x")}) {
                const std::string whole = text + tail;
                std::size_t size = 0;
                pretokenizer.split(whole, [&](std::string_view piece) { size += piece.size(); });
                REQUIRE(size == whole.size());
            }
        }
    }
}
