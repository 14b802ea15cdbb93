#include "text/tokenizer.hpp"

#include <unordered_map>

#include "lamina/error.hpp"
#include "text/end_tokens.hpp"
#include "text/segmenters.hpp"
#include "text/special_matcher.hpp"
#include "text/utf8.hpp"

namespace lamina::text {
namespace {

// Validates, then gives the names that end generation the kind that they have wherever they are used.
VocabularyData prepare(VocabularyData data) {
    validate(data);
    for (auto& token : data.tokens) {
        if (token.kind != TokenKind::control && is_end_name(token.text)) token.kind = TokenKind::control;
    }
    return data;
}

// Ordinary tokens by text. A normal token goes before a user-defined one of the same text; special ones are
// not in it, so that no merge can give one.
TokenIndex ordinary_index(const std::vector<Token>& tokens) {
    TokenIndex index(tokens);
    for (const bool user_defined : {false, true}) {
        for (std::size_t id = 0; id < tokens.size(); ++id) {
            const auto kind = tokens[id].kind;
            if (is_special(kind) || kind == TokenKind::byte || tokens[id].text.empty()) continue;
            if ((kind == TokenKind::user_defined) == user_defined)
                index.insert(static_cast<std::int32_t>(id));
        }
    }
    return index;
}

std::unique_ptr<Segmenter> make_segmenter(const VocabularyData& data, const TokenIndex& index) {
    const char* kind = "unigram";
    switch (data.kind) {
        case TokenizerKind::bpe: return make_byte_bpe(data, index);
        case TokenizerKind::sentencepiece: return make_sentencepiece(data, index);
        case TokenizerKind::wordpiece: kind = "wordpiece"; break;
        case TokenizerKind::unigram: break;
    }
    data.errors().fail(ErrorCode::unsupported, "tokenizer.ggml.model", "byte-level BPE or SentencePiece BPE",
                       kind);
}

// SentencePiece files keep the spaces of user-defined tokens as they are or as U+2581; the text has spaces.
std::string matched_text(const VocabularyData& data, const Token& token) {
    std::string text = token.text;
    if (data.kind != TokenizerKind::sentencepiece || token.kind != TokenKind::user_defined) return text;
    for (auto at = text.find(lower_block); at != std::string::npos; at = text.find(lower_block, at + 1)) {
        text.replace(at, lower_block.size(), " ");
    }
    return text;
}

template <class Choose>
SpecialMatcher matcher(const VocabularyData& data, const Choose& chosen) {
    std::vector<SpecialMatcher::Entry> entries;
    for (std::size_t id = 0; id < data.tokens.size(); ++id) {
        const Token& token = data.tokens[id];
        if (chosen(token.kind)) entries.push_back({matched_text(data, token), static_cast<std::int32_t>(id)});
    }
    return SpecialMatcher(entries);
}

}  // namespace

struct Tokenizer::State {
    explicit State(VocabularyData vocabulary);

    std::optional<std::int32_t> find(std::string_view text) const;
    const Token& token(std::int32_t id) const;
    bool valid(std::int32_t id) const { return id >= 0 && static_cast<std::size_t>(id) < data.tokens.size(); }
    void encode(std::string_view text, const std::vector<SpecialMatcher::Match>& controls,
                std::vector<std::int32_t>& out) const;
    void encode_ordinary(std::string_view text, std::vector<std::int32_t>& out) const;
    void mark_ends();

    VocabularyData data;
    TokenIndex index;                                           // ordinary tokens
    std::unordered_map<std::string_view, std::int32_t> others;  // control, unknown, byte, without text
    std::unique_ptr<Segmenter> segmenter;
    SpecialMatcher control;
    SpecialMatcher user_defined;
    std::vector<bool> ends;  // [tokens]
};

Tokenizer::State::State(VocabularyData vocabulary)
    : data(prepare(std::move(vocabulary))),
      index(ordinary_index(data.tokens)),
      segmenter(make_segmenter(data, index)),
      control(matcher(data, is_special)),
      user_defined(matcher(data, [](TokenKind kind) { return kind == TokenKind::user_defined; })),
      ends(data.tokens.size()) {
    for (std::size_t id = 0; id < data.tokens.size(); ++id) {
        const Token& token = data.tokens[id];
        if (is_special(token.kind) || token.kind == TokenKind::byte || token.text.empty()) {
            others.emplace(token.text, static_cast<std::int32_t>(id));
        }
    }
    mark_ends();
}

void Tokenizer::State::mark_ends() {
    for (const auto id : {data.eos, data.end_of_turn, data.end_of_message}) {
        if (id != no_token) ends[static_cast<std::size_t>(id)] = true;
    }
    // Harmony (gpt-oss) ends a message within an answer with <|end|>.
    const bool harmony = find("<|return|>") && find("<|call|>");
    for (std::size_t id = 0; id < data.tokens.size(); ++id) {
        const Token& token = data.tokens[id];
        if (token.kind != TokenKind::control || !is_end_name(token.text)) continue;
        if (!harmony || token.text != "<|end|>") ends[id] = true;
    }
}

std::optional<std::int32_t> Tokenizer::State::find(std::string_view text) const {
    if (const auto other = others.find(text); other != others.end()) return other->second;
    const auto id = index.find(text);
    if (id == no_token) return std::nullopt;
    return id;
}

const Token& Tokenizer::State::token(std::int32_t id) const {
    if (valid(id)) return data.tokens[static_cast<std::size_t>(id)];
    data.errors().refuse("token id", "0.." + std::to_string(data.tokens.size() - 1), std::to_string(id));
}

void Tokenizer::State::encode(std::string_view text, const std::vector<SpecialMatcher::Match>& controls,
                              std::vector<std::int32_t>& out) const {
    std::size_t at = 0;
    for (const auto& match : controls) {
        encode_ordinary(text.substr(at, match.begin - at), out);
        out.push_back(match.id);
        at = match.end;
    }
    encode_ordinary(text.substr(at), out);
}

void Tokenizer::State::encode_ordinary(std::string_view text, std::vector<std::int32_t>& out) const {
    std::vector<SpecialMatcher::Match> matches;
    user_defined.find(text, 0, matches);
    std::size_t at = 0;
    for (const auto& match : matches) {
        if (match.begin > at) segmenter->encode(text.substr(at, match.begin - at), true, out);
        out.push_back(match.id);
        at = match.end;
    }
    if (at < text.size()) segmenter->encode(text.substr(at), true, out);
}

Tokenizer::Tokenizer(VocabularyData data) : state_(std::make_unique<const State>(std::move(data))) {}

Tokenizer::~Tokenizer() = default;

std::vector<std::int32_t> Tokenizer::encode(std::string_view text, bool special) const {
    const auto& data = state_->data;
    std::vector<std::int32_t> out;
    std::vector<SpecialMatcher::Match> controls;
    if (special) {
        state_->control.find(text, 0, controls);
        if (data.add_bos && data.bos != no_token) out.push_back(data.bos);
    }
    state_->encode(text, controls, out);
    if (special) {
        if (data.add_eos && data.eos != no_token) out.push_back(data.eos);
        if (data.add_separator && data.separator != no_token) out.push_back(data.separator);
    }
    return out;
}

std::vector<std::int32_t> Tokenizer::encode(const MarkedText& marked) const {
    const std::string_view text = marked.text;
    std::vector<SpecialMatcher::Match> controls;
    std::size_t begin = 0;  // of the trusted stretch under way
    std::size_t at = 0;
    for (const auto& span : marked.spans) {
        const std::size_t size = std::min(span.size, text.size() - at);
        if (!span.trusted) {
            state_->control.find(text.substr(begin, at - begin), begin, controls);
            begin = at + size;
        }
        at += size;
    }
    state_->control.find(text.substr(begin, at - begin), begin, controls);
    std::vector<std::int32_t> out;
    state_->encode(text, controls, out);
    return out;
}

std::string Tokenizer::decode(std::span<const std::int32_t> ids, bool special) const {
    std::string out;
    Utf8Repair repair;
    bool start = true;
    for (const auto id : ids) {
        repair.push(text_of(id, special, start), out);
        start = start && !special && is_control(id);
    }
    repair.flush(out);
    return out;
}

std::string Tokenizer::text_of(std::int32_t id, bool special, bool start) const {
    const Token& token = state_->token(id);
    if (is_special(token.kind)) return special ? token.text : std::string();
    std::string bytes = state_->segmenter->bytes(id);
    const auto& data = state_->data;
    const bool prefixed = data.kind == TokenizerKind::sentencepiece && data.add_space_prefix;
    if (start && prefixed && token.kind != TokenKind::user_defined && bytes.starts_with(' '))
        bytes.erase(0, 1);
    return bytes;
}

std::string Tokenizer::piece(std::int32_t id) const { return text_of(id, true, false); }

std::optional<std::int32_t> Tokenizer::find(std::string_view text) const { return state_->find(text); }

bool Tokenizer::ends_generation(std::int32_t id) const {
    return state_->valid(id) && state_->ends[static_cast<std::size_t>(id)];
}

bool Tokenizer::is_control(std::int32_t id) const {
    return state_->valid(id) && is_special(state_->data.tokens[static_cast<std::size_t>(id)].kind);
}

const VocabularyData& Tokenizer::data() const { return state_->data; }

}  // namespace lamina::text
