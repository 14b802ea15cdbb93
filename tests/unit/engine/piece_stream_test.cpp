#include <catch2/catch.hpp>

#include "api/piece_stream.hpp"
#include "text/tokenizer.hpp"
#include "unit/text/small_vocabulary.hpp"

namespace lamina::api {
namespace {

Tokenizer words() {
    auto data = small::sentencepiece(
        {{"\xE2\x96\x81time", -1}, {"\xE2\x96\x81once", -1}, {"ab", -1}, {"bc", -1}, {"x", -1}});
    return Tokenizer(std::make_shared<const text::Tokenizer>(std::move(data)));
}

}  // namespace

TEST_CASE("an answer that goes on with a text keeps its first space, one that begins a turn does not") {
    const auto tokenizer = words();
    const TokenId once = *tokenizer.find("\xE2\x96\x81once"), time = *tokenizer.find("\xE2\x96\x81time");
    PieceStream turn(tokenizer, {});
    CHECK(turn.push(time, {}).piece->text == "time");
    PieceStream text(tokenizer, {});
    text.follow(once);
    CHECK(text.push(time, {}).piece->text == " time");
    PieceStream after_control(tokenizer, {});
    after_control.follow(tokenizer.bos());
    CHECK(after_control.push(time, {}).piece->text == "time");
}

TEST_CASE("a token comes out with the piece in which its text ends") {
    const auto tokenizer = words();
    const TokenId ab = *tokenizer.find("ab"), x = *tokenizer.find("x");
    PieceStream stream(tokenizer, {"bc"});
    stream.follow(x);
    auto result = stream.push(ab, {});
    REQUIRE(result.piece);
    CHECK(result.piece->text == "a");
    CHECK(result.piece->tokens.empty());  // its "b" is held back
    result = stream.push(x, {});
    REQUIRE(result.piece);
    CHECK(result.piece->text == "bx");
    CHECK(result.piece->tokens == std::vector<TokenId>{ab, x});
    CHECK_FALSE(stream.finish());
}

TEST_CASE("ids beyond the vocabulary and control tokens have no text but are reported") {
    const auto tokenizer = words();
    PieceStream stream(tokenizer, {});
    const auto beyond = static_cast<TokenId>(tokenizer.size());
    CHECK_FALSE(stream.push(beyond, {}).piece);
    CHECK_FALSE(stream.push(tokenizer.bos(), {}).piece);
    const auto rest = stream.finish();
    REQUIRE(rest);
    CHECK(rest->text.empty());
    CHECK(rest->tokens == std::vector<TokenId>{beyond, tokenizer.bos()});
}

}  // namespace lamina::api
