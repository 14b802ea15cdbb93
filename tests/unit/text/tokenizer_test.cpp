#include <catch2/catch.hpp>
#include <random>

#include "lamina/error.hpp"
#include "small_vocabulary.hpp"
#include "text/detokenizer.hpp"
#include "text/tokenizer.hpp"

using namespace lamina::text;
using Ids = std::vector<std::int32_t>;

namespace {

const std::string block(lower_block);

// Bytes, then: <|im_start|> 256, <|im_end|> 257, "<tool>" user-defined 258, "<tool>x" 259, "<" 260.
VocabularyData chat_vocabulary() {
    auto data = small::byte_bpe();
    small::add(data, "<|im_start|>", TokenKind::control);
    data.eos = small::add(data, "<|im_end|>", TokenKind::control);
    small::add(data, "<tool>", TokenKind::user_defined);
    small::add(data, "<tool>x", TokenKind::user_defined);
    small::add(data, "<", TokenKind::user_defined);
    return data;
}

Ids bytes(std::string_view text) {
    Ids out;
    for (const char c : text) out.push_back(static_cast<unsigned char>(c));
    return out;
}

Ids operator+(Ids a, const Ids& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

MarkedText marked(const std::vector<std::pair<std::string, bool>>& parts) {
    MarkedText out;
    for (const auto& [text, trusted] : parts) {
        out.text += text;
        out.spans.push_back({text.size(), trusted});
    }
    return out;
}

}  // namespace

TEST_CASE("control tokens are read only where asked for, user-defined ones always") {
    const Tokenizer tokenizer(chat_vocabulary());
    CHECK(tokenizer.encode("a<|im_end|>", true) == Ids{'a', 257});
    CHECK(tokenizer.encode("a<|im_end|>", false) == Ids{'a', 260} + bytes("|im_end|>"));
    CHECK(tokenizer.encode("a<tool>b", false) == Ids{'a', 258, 'b'});
    CHECK(tokenizer.encode("<tool>xy", true) == Ids{259, 'y'});
    CHECK(tokenizer.encode("<<|im_start|>", true) == Ids{260, 256});
}

TEST_CASE("BOS, EOS and separator are added as the vocabulary asks") {
    auto data = chat_vocabulary();
    data.bos = 256;
    data.separator = 10;
    data.add_bos = data.add_eos = data.add_separator = true;
    const Tokenizer tokenizer(data);
    CHECK(tokenizer.encode("a", true) == Ids{256, 'a', 257, 10});
    CHECK(tokenizer.encode("a", false) == Ids{'a'});
    data.bos = data.eos = data.separator = no_token;
    CHECK(Tokenizer(data).encode("a", true) == Ids{'a'});
}

TEST_CASE("in marked text control tokens are read in trusted spans only") {
    const Tokenizer tokenizer(chat_vocabulary());
    CHECK(tokenizer.encode(marked({{"<|im_start|>", true}, {"hi<|im_end|>", false}, {"<|im_end|>", true}})) ==
          Ids{256} + bytes("hi") + Ids{260} + bytes("|im_end|>") + Ids{257});
    // Across a border it is no token; across a border of two trusted spans it is.
    CHECK(tokenizer.encode(marked({{"<|im_", true}, {"end|>", false}})) == Ids{260} + bytes("|im_end|>"));
    CHECK(tokenizer.encode(marked({{"<|im_", false}, {"end|>", true}})) == Ids{260} + bytes("|im_end|>"));
    CHECK(tokenizer.encode(marked({{"<|im_", true}, {"end|>", true}})) == Ids{257});
    // A user-defined token that begins in a message cannot swallow the template's control token.
    auto data = chat_vocabulary();
    small::add(data, "x<|im_end|>", TokenKind::user_defined);
    CHECK(Tokenizer(data).encode(marked({{"x", false}, {"<|im_end|>", true}})) == Ids{'x', 257});
    CHECK(tokenizer.encode(marked({{"<to", true}, {"ol>", false}})) == Ids{258});
}

TEST_CASE("bytes that no span covers are untrusted and spans beyond the text do no harm") {
    const Tokenizer tokenizer(chat_vocabulary());
    MarkedText text{"<|im_end|>", {}};
    CHECK(tokenizer.encode(text) == Ids{260} + bytes("|im_end|>"));
    text.spans = {{SIZE_MAX, true}, {SIZE_MAX, false}, {7, true}};
    CHECK(tokenizer.encode(text) == Ids{257});
    text.spans = {{0, false}, {3, true}};
    CHECK(tokenizer.encode(text) == Ids{260} + bytes("|im_end|>"));
}

TEST_CASE("text between control tokens is one piece across the borders of trust") {
    auto data = small::byte_bpe({{"a", "b"}, {" ", "ab"}});
    small::add(data, "<|im_end|>", TokenKind::control);
    const Tokenizer tokenizer(data);
    CHECK(tokenizer.encode(marked({{" a", true}, {"b", false}})) == Ids{257});
    std::mt19937 random(2);
    for (int round = 0; round < 2000; ++round) {
        const auto text = small::random_text(random, random() % 20, true);
        MarkedText parts{text, {}};
        for (std::size_t at = 0; at < text.size();) {
            const auto size = std::min<std::size_t>(random() % 5, text.size() - at);
            parts.spans.push_back({size, random() % 2 == 0});
            at += size;
        }
        MarkedText whole{text, {{text.size(), true}}};
        REQUIRE(tokenizer.encode(whole) == tokenizer.encode(text, true));
        if (text.find("<|im_end|>") == std::string::npos)
            REQUIRE(tokenizer.encode(parts) == tokenizer.encode(text, false));
    }
}

TEST_CASE(
    "SentencePiece puts its space after a control token as at the start, and takes it off at the start "
    "alone") {
    auto data = small::sentencepiece({{block, 0}, {"a", 0}, {"b", 0}, {block + "a", -1}, {block + "b", -1}});
    const auto user = small::add(data, "[x" + block + "y]", TokenKind::user_defined);
    const Tokenizer tokenizer(data);
    const auto a = *tokenizer.find(block + "a");
    const auto b = *tokenizer.find(block + "b");
    CHECK(tokenizer.encode("a<s>b", true) == Ids{data.bos, a, data.bos, b});
    CHECK(tokenizer.encode("a[x y]b", false) == Ids{a, user, b});
    CHECK(tokenizer.decode(Ids{a, b}, false) == "a b");
    CHECK(tokenizer.decode(Ids{data.bos, a, b}, false) == "a b");
    CHECK(tokenizer.decode(Ids{data.bos, a, b}, true) == "<s> a b");
    CHECK(tokenizer.decode(Ids{user}, false) == "[x y]");
    data.add_space_prefix = false;
    CHECK(Tokenizer(data).decode(Ids{a, b}, false) == " a b");
}

TEST_CASE("names, pieces and kinds of tokens") {
    auto data = chat_vocabulary();
    data.tokens[5].kind = TokenKind::byte;
    data.tokens[5].text = "<0x05>";
    const Tokenizer tokenizer(data);
    CHECK(tokenizer.find("<|im_start|>") == std::optional<std::int32_t>(256));
    CHECK(tokenizer.find("<0x05>") == std::optional<std::int32_t>(5));
    CHECK_FALSE(tokenizer.find("no such token").has_value());
    CHECK(tokenizer.piece(256) == "<|im_start|>");
    CHECK(tokenizer.piece(' ') == " ");
    CHECK(tokenizer.piece(0xFF) == "\xFF");
    CHECK(tokenizer.piece(5) == "\x05");
    CHECK(tokenizer.is_control(256));
    CHECK_FALSE(tokenizer.is_control('a'));
    for (const std::int32_t id : {-1, 261, INT32_MAX, INT32_MIN}) {
        CHECK_FALSE(tokenizer.is_control(id));
        CHECK_FALSE(tokenizer.ends_generation(id));
        CHECK_THROWS_AS(tokenizer.piece(id), lamina::Error);
        CHECK_THROWS_AS(tokenizer.decode(Ids{'a', id}, false), lamina::Error);
    }
}

TEST_CASE("EOS, end of turn, end of message and the well-known names end generation") {
    auto data = chat_vocabulary();
    data.end_of_turn = 'a';
    data.end_of_message = 'b';
    const auto eot = small::add(data, "<|eot_id|>", TokenKind::control);
    const auto mistyped = small::add(data, "</s>");  // some files call it normal
    const auto end = small::add(data, "<|end|>", TokenKind::control);
    const Tokenizer tokenizer(data);
    for (const auto id : {257, int{'a'}, int{'b'}, eot, mistyped, end}) CHECK(tokenizer.ends_generation(id));
    for (const auto id : {256, int{'c'}, 258}) CHECK_FALSE(tokenizer.ends_generation(id));
    CHECK(tokenizer.is_control(mistyped));
    CHECK(tokenizer.encode("</s>", true) == Ids{mistyped});
    // Harmony goes on after <|end|>.
    const auto call = small::add(data, "<|call|>", TokenKind::control);
    small::add(data, "<|return|>", TokenKind::control);
    CHECK_FALSE(Tokenizer(data).ends_generation(end));
    CHECK(Tokenizer(data).ends_generation(call));
}

TEST_CASE("the detokenizer holds back half characters and agrees with decode") {
    const auto tokenizer = std::make_shared<const Tokenizer>(chat_vocabulary());
    Detokenizer stream(tokenizer, false);
    CHECK(stream.push(0xF0).empty());
    CHECK(stream.push(0x9F).empty());
    CHECK(stream.push(256).empty());  // a control token adds nothing and ends nothing
    CHECK(stream.push(0xA6).empty());
    CHECK(stream.push(0x99) == "\xF0\x9F\xA6\x99");
    CHECK(stream.push(0xE2).empty());
    CHECK(stream.push('a') ==
          "\xEF\xBF\xBD"
          "a");
    CHECK(stream.push(0xFF) == "\xEF\xBF\xBD");
    CHECK(stream.push(0xC3).empty());
    CHECK(stream.flush() == "\xEF\xBF\xBD");
    CHECK(stream.flush().empty());
    CHECK_THROWS_AS(stream.push(-1), lamina::Error);
}

TEST_CASE("pushes and flush together are decode, and every part of them is UTF-8") {
    std::mt19937 random(9);
    auto pieces = small::sentencepiece({{block, 0}, {"a", 0}, {block + "a", -1}, {"\xC3\xA9", 0}});
    for (const auto& data : {chat_vocabulary(), pieces}) {
        const auto tokenizer = std::make_shared<const Tokenizer>(data);
        for (int round = 0; round < 2000; ++round) {
            Ids ids;
            for (std::size_t n = random() % 12; n > 0; --n) {
                ids.push_back(static_cast<std::int32_t>(random() % data.tokens.size()));
            }
            const bool special = random() % 2 == 0;
            Detokenizer stream(tokenizer, special);
            std::string joined;
            for (const auto id : ids) {
                const auto part = stream.push(id);
                REQUIRE(well_formed_end(part, 0) == part.size());
                joined += part;
            }
            joined += stream.flush();
            REQUIRE(joined == tokenizer->decode(ids, special));
        }
    }
}

TEST_CASE("any bytes can be encoded and come back repaired") {
    std::mt19937 random(4);
    auto pieces = small::sentencepiece({{block, 0}, {"a", 0}, {"ab", -1}, {block + "a", -1}});
    for (const auto& data : {small::byte_bpe({{"a", "b"}, {"\xC3", "\xA9"}}), pieces}) {
        const Tokenizer tokenizer(data);
        for (int round = 0; round < 2000; ++round) {
            auto text = small::random_text(random, random() % 20, true);
            if (text.find(block) != std::string::npos) continue;  // SentencePiece makes it a space
            std::string expected;
            Utf8Repair repair;
            repair.push(text, expected);
            repair.flush(expected);
            REQUIRE(tokenizer.decode(tokenizer.encode(text, false), false) == expected);
        }
    }
}
