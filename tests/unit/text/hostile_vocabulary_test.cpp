// What broke other tokenizers, case by case: a typed error that names the field, or a tokenizer that works.
#include <catch2/catch.hpp>
#include <limits>

#include "lamina/error.hpp"
#include "small_vocabulary.hpp"
#include "text/tokenizer.hpp"

using namespace lamina::text;

namespace {

// The subject of the bad_file that building gives; empty where it succeeds.
std::string refused(const VocabularyData& data) {
    try {
        Tokenizer tokenizer(data);
        tokenizer.encode("some text <s>", true);
        return {};
    } catch (const lamina::Error& error) {
        CHECK(error.code() == lamina::ErrorCode::bad_file);
        CHECK(error.details().file == "made.gguf");
        return error.details().subject;
    }
}

}  // namespace

TEST_CASE("threat CVE-2025-49847: token texts of 0, 1 and 2^20 bytes") {
    for (const auto kind :
         {TokenKind::normal, TokenKind::control, TokenKind::user_defined, TokenKind::unused}) {
        for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{1} << 20}) {
            const std::string text(size, 'x');
            for (auto data : {small::byte_bpe(), small::sentencepiece({{"x", 0}})}) {
                const auto id = small::add(data, text, kind);
                const Tokenizer tokenizer(data);
                CHECK(tokenizer.piece(id).size() == size);
                CHECK_FALSE(tokenizer.encode(text + "yx", true).empty());
            }
        }
    }
}

TEST_CASE("special tokens of more text than the automata may take are refused") {
    auto data = small::byte_bpe();
    for (int i = 0; i < 5; ++i)
        small::add(data, std::string(std::size_t{1} << 20, static_cast<char>('a' + i)), TokenKind::control);
    CHECK(refused(data) == "tokenizer.ggml.tokens");
}

TEST_CASE("threat llama.cpp#27226: byte tokens that name no byte") {
    for (const char* text : {"<0x-1>", "<0xZZ>", "<0x>", "<0x100>", "", "A", "<0xA>", "<0x 1>"}) {
        for (auto data : {small::byte_bpe(), small::sentencepiece({})}) {
            const auto id = small::add(data, text, TokenKind::byte);
            CHECK(refused(data) == "tokenizer.ggml.tokens[" + std::to_string(id) + "]");
        }
    }
    auto twice = small::sentencepiece({});
    small::add(twice, "<0x41>", TokenKind::byte);
    CHECK(refused(twice).empty());
}

TEST_CASE("threat llama.cpp#25508: ids outside the vocabulary") {
    const std::vector<std::pair<std::int32_t VocabularyData::*, std::string>> fields = {
        {&VocabularyData::bos, "tokenizer.ggml.bos_token_id"},
        {&VocabularyData::eos, "tokenizer.ggml.eos_token_id"},
        {&VocabularyData::unknown, "tokenizer.ggml.unknown_token_id"},
        {&VocabularyData::separator, "tokenizer.ggml.seperator_token_id"},
        {&VocabularyData::padding, "tokenizer.ggml.padding_token_id"},
        {&VocabularyData::end_of_turn, "tokenizer.ggml.eot_token_id"},
        {&VocabularyData::end_of_message, "tokenizer.ggml.eom_token_id"}};
    for (const auto& [field, name] : fields) {
        auto data = small::byte_bpe();
        const auto size = static_cast<std::int32_t>(data.tokens.size());
        for (const std::int32_t id : {size, size + 1, INT32_MAX, -2, INT32_MIN}) {
            data.*field = id;
            CHECK(refused(data) == name);
        }
        for (const std::int32_t id : {0, size - 1, no_token}) {
            data.*field = id;
            CHECK(refused(data).empty());
        }
    }
}

TEST_CASE("threat llama.cpp#25508: vocabularies of 0, 1 and 2 tokens") {
    for (const auto kind : {TokenizerKind::bpe, TokenizerKind::sentencepiece}) {
        VocabularyData data;
        data.kind = kind;
        data.source = "made.gguf";
        data.add_bos = data.add_eos = data.add_space_prefix = true;
        CHECK(refused(data) == "tokenizer.ggml.tokens");
        small::add(data, "a");
        CHECK(refused(data).empty());
        CHECK(Tokenizer(data).encode("ab\xFF", false) == std::vector<std::int32_t>{0});
        data.unknown = small::add(data, "b", TokenKind::unknown);
        CHECK(refused(data).empty());
    }
}

TEST_CASE("threat llama.cpp#20735: scores and kinds that are none") {
    auto data = small::sentencepiece({{"a", 0}, {"b", 0}});
    for (const float score :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        data.tokens[260].score = score;
        CHECK(refused(data) == "tokenizer.ggml.scores[260]");
    }
    data.tokens[260].score = std::numeric_limits<float>::lowest();
    CHECK(refused(data).empty());
    data.tokens[260].kind = static_cast<TokenKind>(7);
    CHECK(refused(data) == "tokenizer.ggml.token_type[260]");
}

TEST_CASE("merges that are no pair of tokens") {
    for (const char* merge :
         {"", " ", "a", "a ", " a", "ab", "a  b", "a nosuchtoken", "nosuchtoken a", "a b", "a b c"}) {
        auto data = small::byte_bpe({{"c", "d"}});
        data.merges.emplace_back(merge);
        CAPTURE(merge);
        CHECK(refused(data) == "tokenizer.ggml.merges[1]");
    }
    auto twice = small::byte_bpe({{"c", "d"}});
    twice.merges.push_back(twice.merges.front());
    CHECK(refused(twice).empty());
}

TEST_CASE("no merge gives a control token") {
    auto data = small::byte_bpe({{"a", "b"}, {"ab", "c"}, {"abc", "d"}});
    data.tokens[257].kind = TokenKind::control;  // "abc", and so "abcd" is out of reach too
    const Tokenizer tokenizer(data);
    CHECK(tokenizer.encode("abcd", false) == std::vector<std::int32_t>{256, 'c', 'd'});
    CHECK(tokenizer.encode("abcd", true) == std::vector<std::int32_t>{257, 'd'});
    data.pattern = "llama-bpe";
    CHECK(Tokenizer(data).encode("abc", false) == std::vector<std::int32_t>{256, 'c'});
}

TEST_CASE("tokens of the same text: the first counts, a normal one before a user-defined one") {
    auto data = small::sentencepiece({{"a", 0}});
    data.add_space_prefix = false;
    const auto user = small::add(data, "zz", TokenKind::user_defined);
    const auto again = small::add(data, "zz", TokenKind::user_defined);
    const auto normal = small::add(data, "zz");
    const Tokenizer tokenizer(data);
    CHECK(tokenizer.encode("zz", false) == std::vector<std::int32_t>{user});
    CHECK(tokenizer.find("zz") == std::optional<std::int32_t>(normal));
    CHECK(tokenizer.decode(std::vector<std::int32_t>{again}, false) == "zz");
}

TEST_CASE("texts that are no UTF-8 in the vocabulary") {
    for (auto data : {small::byte_bpe(), small::sentencepiece({{"a", 0}})}) {
        small::add(data, "\xFF\xFE");
        small::add(data, "\xE2\x96", TokenKind::user_defined);
        const auto control = small::add(data, "\x80", TokenKind::control);
        const Tokenizer tokenizer(data);
        CHECK(tokenizer.encode("a\xE2\x96\x81\x80\xFF\xFE", true).size() > 3);
        CHECK(tokenizer.decode(std::vector<std::int32_t>{control}, true) == replacement_character);
    }
}

TEST_CASE("kinds of tokenizer that are not computed are unsupported by name") {
    for (const auto& [kind, name] :
         {std::pair{TokenizerKind::wordpiece, "wordpiece"}, {TokenizerKind::unigram, "unigram"}}) {
        auto data = small::byte_bpe();
        data.kind = kind;
        try {
            Tokenizer tokenizer(data);
            FAIL("accepted");
        } catch (const lamina::Error& error) {
            CHECK(error.code() == lamina::ErrorCode::unsupported);
            CHECK(error.details().found == name);
        }
    }
}
