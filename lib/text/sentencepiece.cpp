// SentencePiece's BPE model (Kudo and Richardson, "SentencePiece", 2018): neighbours merge to the token of
// the best score, spaces are U+2581, characters without a token become byte tokens.
#include <array>
#include <bit>
#include <bitset>
#include <unordered_map>

#include "text/merge.hpp"
#include "text/segmenters.hpp"
#include "text/utf8.hpp"

namespace lamina::text {
namespace {

// Ascending where scores descend.
std::uint32_t rank_of(float score) {
    const auto bits = std::bit_cast<std::uint32_t>(score + 0.0f);  // -0 is 0
    const std::uint32_t ascending = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
    return ~ascending;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

class SentencePiece final : public Segmenter {
  public:
    SentencePiece(const VocabularyData& data, const TokenIndex& index) : data_(data), index_(index) {
        byte_id_.fill(no_token);
        for (std::size_t id = 0; id < data.tokens.size(); ++id)
            note(data.tokens[id], static_cast<std::int32_t>(id));
    }

    void encode(std::string_view text, bool first, std::vector<std::int32_t>& out) const override {
        if (text.empty()) return;
        Work work;
        std::string run;  // text that merges may join
        if (first && data_.add_space_prefix) run = lower_block;
        for (const char byte : text) {
            if (byte != ' ') {
                run += byte;
                continue;
            }
            if (!run.empty() && !joins_space_.test(static_cast<unsigned char>(run.back()))) {
                encode_run(run, work, out);
                run.clear();
            }
            run += lower_block;
        }
        encode_run(run, work, out);
    }

    std::string bytes(std::int32_t id) const override {
        const Token& token = data_.tokens[static_cast<std::size_t>(id)];
        if (token.kind == TokenKind::byte)
            return std::string(1, static_cast<char>(byte_token_value(token.text)));
        std::string out;
        for (std::size_t at = 0; at < token.text.size();) {
            const auto block = token.text.find(lower_block, at);
            out.append(token.text, at, block == std::string::npos ? block : block - at);
            if (block == std::string::npos) break;
            out += ' ';
            at = block + lower_block.size();
        }
        return out;
    }

  private:
    void note(const Token& token, std::int32_t id) {
        if (token.kind == TokenKind::byte) {
            auto& known = byte_id_[static_cast<std::size_t>(byte_token_value(token.text))];
            if (known == no_token) known = id;
            return;
        }
        if (token.kind == TokenKind::control || token.kind == TokenKind::unknown) return;
        longest_token_ = std::max(longest_token_, token.text.size());
        has_unused_ = has_unused_ || token.kind == TokenKind::unused;
        // Which bytes may a space follow within a token? Elsewhere no merge crosses to it.
        for (auto block = token.text.find(lower_block, 1); block != std::string::npos;
             block = token.text.find(lower_block, block + 1)) {
            joins_space_.set(static_cast<unsigned char>(token.text[block - 1]));
        }
    }

    // The memory of one call.
    struct Work {
        Merger merger;
        std::string_view run;
        // Where a merge gave an unused token: (begin, size) -> size of its left part.
        std::unordered_map<std::uint64_t, std::uint32_t> unused;
        std::vector<Symbol> stack;
    };
    static std::uint64_t key(const Symbol& symbol) { return std::uint64_t{symbol.begin} << 32 | symbol.size; }
    TokenKind kind(std::int32_t id) const { return data_.tokens[static_cast<std::size_t>(id)].kind; }

    void encode_run(std::string_view run, Work& work, std::vector<std::int32_t>& out) const {
        while (!run.empty()) {
            work.merger.clear();
            std::size_t at = 0;
            while (at < run.size() && work.merger.size() < most_symbols) {
                const auto size = std::max<std::size_t>(character_at(run, at).size, 1);
                work.merger.add(at, size, no_token);
                at += size;
            }
            work.run = run.substr(0, at);
            merge(work, out);
            run.remove_prefix(at);
        }
    }

    void merge(Work& work, std::vector<std::int32_t>& out) const {
        work.merger.run(
            [&](const Symbol& left, const Symbol& right) -> MergeCandidate {
                const std::size_t size = std::size_t{left.size} + right.size;
                if (size > longest_token_) return {};
                const auto id = index_.find(work.run.substr(left.begin, size));
                if (id == no_token) return {};
                return {true, rank_of(data_.tokens[static_cast<std::size_t>(id)].score), id};
            },
            [&](const Symbol& left, const Symbol&, std::int32_t id) { note_unused(work, left, id); });
        work.merger.each([&](const Symbol& symbol) { emit(symbol, work, out); });
        work.unused.clear();
    }

    void note_unused(Work& work, const Symbol& left, std::int32_t id) const {
        if (!has_unused_ || kind(id) != TokenKind::unused) return;
        const auto size = static_cast<std::uint32_t>(data_.tokens[static_cast<std::size_t>(id)].text.size());
        work.unused[std::uint64_t{left.begin} << 32 | size] = left.size;
    }

    // Unused tokens serve as steps of merging only: what is left of them at the end falls apart again.
    void emit(const Symbol& whole, Work& work, std::vector<std::int32_t>& out) const {
        work.stack.assign(1, whole);
        while (!work.stack.empty()) {
            Symbol symbol = work.stack.back();
            work.stack.pop_back();
            const auto split = has_unused_ ? work.unused.find(key(symbol)) : work.unused.end();
            if (split == work.unused.end()) {
                emit_text(work.run.substr(symbol.begin, symbol.size), out);
                continue;
            }
            Symbol right = symbol;
            right.begin += split->second;
            right.size -= split->second;
            symbol.size = split->second;
            work.stack.push_back(right);
            work.stack.push_back(symbol);
        }
    }

    void emit_text(std::string_view text, std::vector<std::int32_t>& out) const {
        if (const auto id = index_.find(text); id != no_token) return out.push_back(id);
        for (const char byte : text) {  // one character, or a byte that is none
            if (byte_id_[static_cast<unsigned char>(byte)] == no_token) return emit_unknown(text, out);
        }
        for (const char byte : text) out.push_back(byte_id_[static_cast<unsigned char>(byte)]);
    }

    void emit_unknown(std::string_view text, std::vector<std::int32_t>& out) const {
        auto id = no_token;
        if (character_at(text, 0).size == 0) id = index_.find(replacement_character);
        if (id == no_token) id = data_.unknown;
        if (id != no_token) out.push_back(id);
    }

    const VocabularyData& data_;
    const TokenIndex& index_;
    std::array<std::int32_t, 256> byte_id_{};
    std::bitset<256> joins_space_;  // the last byte of what may stand before a space inside a token
    std::size_t longest_token_ = 0;
    bool has_unused_ = false;
};

}  // namespace

int byte_token_value(std::string_view text) {
    if (text.size() != 6 || text.substr(0, 3) != "<0x" || text[5] != '>') return -1;
    const int high = hex_digit(text[3]);
    const int low = hex_digit(text[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::unique_ptr<Segmenter> make_sentencepiece(const VocabularyData& data, const TokenIndex& index) {
    return std::make_unique<SentencePiece>(data, index);
}

}  // namespace lamina::text
