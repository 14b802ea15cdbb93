// Tokenizers of any vocabulary on any text: construction refuses or works; ids lie in the vocabulary, texts
// survive encoding and decoding where the vocabulary has every byte, and no text becomes a control token
// unasked.
//
// Input: a byte of flags, one of the pattern, one token count and the tokens (kind and size, score, text),
// one merge count and the merges (two token indices), the ids of BOS, EOS and the unknown token, the text.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/harness.hpp"
#include "fuzz/pattern_names.hpp"
#include "text/detokenizer.hpp"
#include "text/tokenizer.hpp"
#include "text/utf8.hpp"
#include "unit/text/small_vocabulary.hpp"

namespace lamina::fuzz {
namespace {

using text::Tokenizer;
using text::TokenKind;
using text::VocabularyData;

// Merges double texts: unbounded, thirty of them would make a vocabulary of many megabytes from a few bytes.
constexpr std::size_t most_tokens = 48, most_merges = 32, longest_token = 1024;

enum Flag : std::uint8_t {
    sentencepiece = 1,  // else byte-level BPE
    every_byte = 2,     // the vocabulary begins with a token for each byte
    space_prefix = 4,
    add_bos = 8,
    add_eos = 16,
    odd_kind = 32,  // a kind that is not computed, or none
};

// Built once: 256 tokens are more than the rest of most inputs.
VocabularyData base(std::uint8_t flags) {
    static const VocabularyData bytes = small::byte_bpe();
    static const VocabularyData pieces = small::sentencepiece({{std::string(text::lower_block), 0}});
    if (flags & every_byte) return flags & sentencepiece ? pieces : bytes;
    VocabularyData out;
    out.source = "fuzz.gguf";
    out.kind = flags & sentencepiece ? text::TokenizerKind::sentencepiece : text::TokenizerKind::bpe;
    return out;
}

void read_tokens(Fields& input, VocabularyData& data) {
    for (std::size_t n = input.below(most_tokens); n > 0; --n) {
        const auto head = input.byte();
        const auto score = static_cast<float>(static_cast<std::int8_t>(input.byte()));
        // 0 and 7 stand for normal tokens most of the time, so that vocabularies are valid more often.
        const unsigned kind = head & 7u;
        auto& token = data.tokens.emplace_back();
        token.text = input.text(head >> 3);
        token.score = score == -128 ? 1.0f / 0.0f : score;
        token.kind = static_cast<TokenKind>(kind == 7 && score != 127 ? 1 : kind);
    }
}

// Pairs of tokens that are there, joined to one that may have to be added; now and then no pair at all.
void read_merges(Fields& input, VocabularyData& data) {
    for (std::size_t n = input.below(most_merges); n > 0 && !data.tokens.empty(); --n) {
        const auto a = input.byte(), b = input.byte();
        // From the end, where the input's own tokens are; printable ASCII from the front.
        const auto pick = [&](std::uint8_t i) {
            const auto count = data.tokens.size();
            return data.tokens[i < 128 ? i % count : count - 1 - (i - 128u) % count].text;
        };
        if (a == 255) {
            data.merges.emplace_back(input.text(b % 8));
            continue;
        }
        const std::string left = pick(a), right = pick(b);
        if (left.size() + right.size() > longest_token) continue;
        data.merges.push_back(left + " " + right);
        if (b % 16 != 15) data.tokens.push_back({left + right, 0, TokenKind::normal});
    }
}

VocabularyData read_vocabulary(Fields& input) {
    const auto flags = input.byte();
    auto data = base(flags);
    data.pattern = pattern_names[input.below(pattern_names.size())];
    data.add_space_prefix = flags & space_prefix;
    data.add_bos = flags & add_bos;
    data.add_eos = flags & add_eos;
    data.add_separator = (flags & add_bos) && (flags & add_eos);
    if (flags & odd_kind && flags & 64) data.kind = static_cast<text::TokenizerKind>(flags >> 7 | 2);
    read_tokens(input, data);
    if (!(flags & sentencepiece)) read_merges(input, data);
    // Mostly ids of the input's own tokens; 254 and 255 are outside of it.
    const auto id = [&](std::int32_t otherwise) -> std::int32_t {
        const auto i = input.byte();
        if (i == 0) return otherwise;
        if (i >= 254) return i == 255 ? -2 : static_cast<std::int32_t>(data.tokens.size());
        return static_cast<std::int32_t>(data.tokens.size()) - i;
    };
    data.bos = id(data.bos);
    data.eos = id(data.eos);
    data.unknown = id(data.unknown);
    data.separator = data.eos;
    return data;
}

void check_ids(const Tokenizer& tokenizer, const std::vector<std::int32_t>& ids, bool controls) {
    const auto& data = tokenizer.data();
    for (const auto id : ids) {
        require(id >= 0 && static_cast<std::size_t>(id) < data.tokens.size(), "ids lie in the vocabulary");
        require(controls || id == data.unknown || !tokenizer.is_control(id), "text gives no control token");
    }
}

void check_decoding(const std::shared_ptr<const Tokenizer>& tokenizer, const std::vector<std::int32_t>& ids,
                    bool special) {
    const auto text = tokenizer->decode(ids, special);
    require(text::well_formed_end(text, 0) == text.size(), "decoded text is UTF-8");
    text::Detokenizer stream(tokenizer, special);
    std::string pieces;
    for (const auto id : ids) {
        const auto piece = stream.push(id);
        require(text::well_formed_end(piece, 0) == piece.size(), "streamed text is UTF-8");
        pieces += piece;
    }
    require(pieces + stream.flush() == text, "streaming gives what decoding gives");
}

std::string with_spaces(std::string text) {
    for (auto at = text.find(text::lower_block); at != std::string::npos;
         at = text.find(text::lower_block, at)) {
        text.replace(at, text::lower_block.size(), " ");
    }
    return text;
}

void check_round_trip(const Tokenizer& tokenizer, std::string_view text,
                      const std::vector<std::int32_t>& ids) {
    const auto& data = tokenizer.data();
    if (text::well_formed_end(text, 0) != text.size()) return;
    const std::string decoded = tokenizer.decode(ids, false);
    if (data.kind == text::TokenizerKind::bpe) return require(decoded == text, "byte-level BPE is exact");
    // A space prefix comes again after every user-defined token, as SentencePiece has it.
    const bool again = data.add_space_prefix && std::any_of(ids.begin(), ids.end(), [&](std::int32_t id) {
                           return data.tokens[static_cast<std::size_t>(id)].kind == TokenKind::user_defined;
                       });
    if (!again)
        require(with_spaces(decoded) == with_spaces(std::string(text)),
                "SentencePiece is exact but for spaces");
}

// Every byte has a token, and the tokens that stand for bytes are as a real vocabulary has them.
bool complete(std::uint8_t flags, const VocabularyData& data) {
    return (flags & every_byte) &&
           std::all_of(data.tokens.begin(), data.tokens.begin() + 256,
                       [](const auto& token) { return token.kind != TokenKind::user_defined; });
}

// Text with marks of who wrote it is encoded as the same text without, and its author cannot forge control
// tokens.
void check_marked(const Tokenizer& tokenizer, std::string_view text, std::size_t cut) {
    const auto plain = tokenizer.encode(text, false);
    require(tokenizer.encode({std::string(text), {{text.size(), false}}}) == plain,
            "untrusted text is plain text");
    const auto trusted = tokenizer.encode({std::string(text), {{cut, true}, {text.size() - cut, true}}});
    auto special = tokenizer.encode(text, true);
    const auto& data = tokenizer.data();
    if (data.add_bos && data.bos != text::no_token) special.erase(special.begin());
    if (data.add_eos && data.eos != text::no_token) special.pop_back();
    if (data.add_separator && data.separator != text::no_token) special.pop_back();
    require(trusted == special, "trusted text is text with control tokens");
    check_ids(tokenizer, tokenizer.encode({std::string(text), {{cut, true}, {text.size(), false}}}), true);
}

void check(const std::shared_ptr<const Tokenizer>& tokenizer, std::uint8_t flags, std::string_view text) {
    const auto ids = tokenizer->encode(text, false);
    check_ids(*tokenizer, ids, false);
    check_decoding(tokenizer, ids, false);
    if (complete(flags, tokenizer->data())) check_round_trip(*tokenizer, text, ids);
    const auto special = tokenizer->encode(text, true);
    check_ids(*tokenizer, special, true);
    check_decoding(tokenizer, special, true);
    check_marked(*tokenizer, text, text.size() / 2);
    const auto last = static_cast<std::int32_t>(tokenizer->data().tokens.size()) - 1;
    const auto found = tokenizer->find(tokenizer->data().tokens.back().text);
    require(found && tokenizer->data().tokens[static_cast<std::size_t>(*found)].text ==
                         tokenizer->data().tokens.back().text,
            "a token is found by its text");
    tokenizer->piece(last);
    tokenizer->ends_generation(last);
    require(!accepted([&] { tokenizer->piece(last + 1); }), "an id outside the vocabulary is refused");
}

}  // namespace
}  // namespace lamina::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lamina;
    fuzz::Fields input(data, size);
    auto vocabulary = fuzz::read_vocabulary(input);
    std::shared_ptr<const text::Tokenizer> tokenizer;
    if (!fuzz::accepted([&] { tokenizer = std::make_shared<const text::Tokenizer>(std::move(vocabulary)); }))
        return 0;
    fuzz::check(tokenizer, size > 0 ? data[0] : std::uint8_t{0}, input.rest());
    return 0;
}
