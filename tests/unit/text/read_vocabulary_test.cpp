#include <catch2/catch.hpp>
#include <functional>

#include "api/vocabulary.hpp"
#include "lamina/error.hpp"
#include "lamina/tokenizer.hpp"
#include "text/tokenizer.hpp"

using namespace lamina;
using format::Integers;
using format::ModelFile;
using format::Reals;
using format::Strings;

namespace {

ModelFile sentencepiece_file() {
    ModelFile file;
    file.files.push_back({"made.gguf", nullptr});
    file.metadata["tokenizer.ggml.model"] = std::string("llama");
    file.metadata["tokenizer.ggml.tokens"] = Strings{"<unk>", "<s>", "</s>", "\xE2\x96\x81", "a"};
    file.metadata["tokenizer.ggml.scores"] = Reals{0, 0, 0, -1, -2};
    file.metadata["tokenizer.ggml.token_type"] = Integers{2, 3, 3, 1, 1};
    file.metadata["tokenizer.ggml.bos_token_id"] = std::uint64_t{1};
    file.metadata["tokenizer.ggml.eos_token_id"] = std::uint64_t{2};
    file.metadata["tokenizer.ggml.unknown_token_id"] = std::uint64_t{0};
    return file;
}

ModelFile bpe_file() {
    ModelFile file;
    file.files.push_back({"made.gguf", nullptr});
    file.metadata["tokenizer.ggml.model"] = std::string("gpt2");
    file.metadata["tokenizer.ggml.pre"] = std::string("smollm");
    file.metadata["tokenizer.ggml.tokens"] = Strings{"a", "b", "ab"};
    file.metadata["tokenizer.ggml.merges"] = Strings{"a b"};
    return file;
}

// "code subject" of the error; empty where reading succeeds.
std::string refused(const ModelFile& file) {
    try {
        read_vocabulary(file);
        return {};
    } catch (const Error& error) {
        CHECK(error.details().file == "made.gguf");
        return std::string(to_string(error.code())) + " " + error.details().subject;
    }
}

}  // namespace

TEST_CASE("a file without a vocabulary gives none") {
    ModelFile file;
    file.files.push_back({"made.gguf", nullptr});
    CHECK_FALSE(read_vocabulary(file).has_value());
    for (const char* name : {"none", "no_vocab"}) {
        file.metadata["tokenizer.ggml.model"] = std::string(name);
        CHECK_FALSE(read_vocabulary(file).has_value());
    }
}

TEST_CASE("a SentencePiece vocabulary is read with its defaults") {
    auto file = sentencepiece_file();
    const auto data = read_vocabulary(file).value();
    CHECK(data.kind == text::TokenizerKind::sentencepiece);
    CHECK(data.source == "made.gguf");
    CHECK(data.tokens.size() == 5);
    CHECK(data.tokens[4].text == "a");
    CHECK(data.tokens[4].score == -2.0f);
    CHECK(data.tokens[1].kind == text::TokenKind::control);
    CHECK(data.bos == 1);
    CHECK(data.eos == 2);
    CHECK(data.unknown == 0);
    CHECK(data.end_of_turn == text::no_token);
    CHECK((data.add_bos && !data.add_eos && data.add_space_prefix && !data.add_separator));
    file.metadata["tokenizer.ggml.add_space_prefix"] = false;
    file.metadata["tokenizer.ggml.add_bos_token"] = false;
    file.metadata["tokenizer.ggml.add_eos_token"] = true;
    const auto changed = read_vocabulary(file).value();
    CHECK((!changed.add_bos && changed.add_eos && !changed.add_space_prefix));
}

TEST_CASE("a byte-level BPE vocabulary is read; its pattern decides on BOS where the file does not") {
    auto file = bpe_file();
    auto data = read_vocabulary(file).value();
    CHECK(data.kind == text::TokenizerKind::bpe);
    CHECK(data.pattern == "smollm");
    CHECK(data.merges == std::vector<std::string>{"a b"});
    CHECK((!data.add_bos && !data.add_space_prefix));
    file.metadata["tokenizer.ggml.pre"] = std::string("llama-bpe");
    CHECK(read_vocabulary(file).value().add_bos);
    file.metadata.erase("tokenizer.ggml.merges");
    CHECK(refused(file) == "bad_file tokenizer.ggml.merges");
}

TEST_CASE("threat llama.cpp#25508: ids of -1 are none, others outside the vocabulary are refused") {
    for (const char* name : {"bos", "eos", "eot", "eom", "unknown", "seperator", "padding"}) {
        auto file = sentencepiece_file();
        const auto key = "tokenizer.ggml." + std::string(name) + "_token_id";
        const auto with = [&](format::Value value) {
            file.metadata[key] = std::move(value);
            return refused(file);
        };
        CHECK(with(std::int64_t{-1}).empty());
        CHECK(with(std::uint64_t{UINT32_MAX}).empty());
        CHECK(with(std::uint64_t{4}).empty());
        for (const std::uint64_t id :
             {std::uint64_t{5}, std::uint64_t{6}, std::uint64_t{1} << 31, UINT64_MAX}) {
            CHECK(with(id) == "bad_file " + key);
        }
        CHECK(with(std::int64_t{-2}) == "bad_file " + key);
        CHECK(with(1.0) == "bad_file " + key);
        CHECK(with(std::string("1")) == "bad_file " + key);
    }
}

TEST_CASE("threat llama.cpp#20735: arrays of other lengths or types than the tokens") {
    const std::vector<std::pair<std::string, format::Value>> changes = {
        {"tokenizer.ggml.tokens", Strings{}},
        {"tokenizer.ggml.tokens", Integers{1, 2}},
        {"tokenizer.ggml.scores", Reals{}},
        {"tokenizer.ggml.scores", Reals{0, 0, 0, 0}},
        {"tokenizer.ggml.scores", Reals{0, 0, 0, 0, 0, 0}},
        {"tokenizer.ggml.scores", std::string("0")},
        {"tokenizer.ggml.token_type", Integers{}},
        {"tokenizer.ggml.token_type", Integers{2, 3, 3, 1}},
        {"tokenizer.ggml.token_type", Integers{2, 3, 3, 1, 1, 1}},
        {"tokenizer.ggml.token_type", Reals{2, 3, 3, 1, 1}},
        {"tokenizer.ggml.model", std::uint64_t{1}},
        {"tokenizer.ggml.pre", std::uint64_t{1}},
        {"tokenizer.ggml.add_bos_token", std::uint64_t{1}},
        {"tokenizer.ggml.add_eos_token", std::string("yes")},
        {"tokenizer.ggml.add_sep_token", 1.0},
        {"tokenizer.ggml.add_space_prefix", Integers{}},
        {"tokenizer.ggml.remove_extra_whitespaces", std::int64_t{0}},
    };
    for (const auto& [key, value] : changes) {
        auto file = sentencepiece_file();
        file.metadata[key] = value;
        CHECK(refused(file) == "bad_file " + key);
    }
    for (const std::int64_t kind : {std::int64_t{-1}, std::int64_t{7}, INT64_MAX, INT64_MIN}) {
        auto file = sentencepiece_file();
        file.metadata["tokenizer.ggml.token_type"] = Integers{2, 3, kind, 1, 1};
        CHECK(refused(file) == "bad_file tokenizer.ggml.token_type[2]");
    }
}

TEST_CASE("each key deleted in turn") {
    for (const auto& whole : {sentencepiece_file(), bpe_file()}) {
        for (const auto& [key, value] : whole.metadata) {
            auto file = whole;
            file.metadata.erase(key);
            const auto error = refused(file);
            const bool needed = key == "tokenizer.ggml.tokens" || key == "tokenizer.ggml.merges";
            CHECK(error == (needed ? "bad_file " + key : ""));
            if (error.empty() && key != "tokenizer.ggml.model") {
                const text::Tokenizer tokenizer(*read_vocabulary(file));
                CHECK_FALSE(tokenizer.encode("ab", true).empty());
            }
        }
    }
}

TEST_CASE("a tokenizer that nobody knows is unsupported") {
    auto file = sentencepiece_file();
    file.metadata["tokenizer.ggml.model"] = std::string("rwkv");
    CHECK(refused(file) == "unsupported tokenizer.ggml.model");
}

TEST_CASE("threat llama.cpp#25258: a character map of any size is not looked into") {
    for (std::size_t size = 0; size <= 8; ++size) {
        auto file = sentencepiece_file();
        file.metadata["tokenizer.ggml.precompiled_charsmap"] = Integers(size, 0x7F);
        CHECK(refused(file).empty());
        file.metadata["tokenizer.ggml.model"] = std::string("t5");
        const auto data = read_vocabulary(file);
        REQUIRE(data.has_value());
        CHECK_THROWS_AS(text::Tokenizer(*data), Error);
    }
}

TEST_CASE("the public tokenizer and detokenizer") {
    std::optional<Detokenizer> stream;
    {
        const Tokenizer tokenizer(
            std::make_shared<const text::Tokenizer>(*read_vocabulary(sentencepiece_file())));
        CHECK(tokenizer.size() == 5);
        CHECK(tokenizer.bos() == 1);
        CHECK(tokenizer.eos() == 2);
        CHECK(tokenizer.encode("a", {.special = true}) == std::vector<TokenId>{1, 3, 4});
        CHECK(tokenizer.decode(std::vector<TokenId>{1, 3, 4}) == "a");
        CHECK(tokenizer.piece(3) == " ");
        CHECK(tokenizer.find("a") == std::optional<TokenId>(4));
        CHECK(tokenizer.ends_generation(2));
        CHECK(tokenizer.is_control(1));
        stream.emplace(tokenizer);
    }
    // The stream keeps the vocabulary alive.
    CHECK(stream->push(3).empty());
    CHECK(stream->push(4) == "a");
    Detokenizer moved = std::move(*stream);
    CHECK(moved.push(3) == " ");
    CHECK(moved.flush().empty());
}
