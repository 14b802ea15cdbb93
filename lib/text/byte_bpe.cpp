// Byte-level byte-pair encoding: Radford et al., "Language Models are Unsupervised Multitask Learners"
// (2019), section 2.2; the merging is that of Sennrich et al., "Neural Machine Translation of Rare Words with
// Subword Units" (2016). Token texts are stored in an alphabet that has one printable character a byte.
#include <array>
#include <unordered_set>

#include "lamina/error.hpp"
#include "text/merge.hpp"
#include "text/pretokenizer.hpp"
#include "text/segmenters.hpp"
#include "text/utf8.hpp"

namespace lamina::text {
namespace {

// The 188 printable bytes of Latin-1 stand for themselves, the others for U+0100 onwards in their order.
bool stands_for_itself(unsigned byte) {
    return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

struct Alphabet {
    std::array<std::string, 256> text;          // byte -> its character in UTF-8
    std::array<std::int16_t, 0x100 + 68> byte;  // character -> its byte, -1 for none
    Alphabet() {
        byte.fill(-1);
        std::uint32_t next = 0x100;
        for (unsigned i = 0; i < 256; ++i) {
            const std::uint32_t code = stands_for_itself(i) ? i : next++;
            append_utf8(text[i], code);
            byte[code] = static_cast<std::int16_t>(i);
        }
    }
};

const Alphabet& alphabet() {
    static const Alphabet instance;
    return instance;
}

class ByteBpe final : public Segmenter {
  public:
    ByteBpe(const VocabularyData& data, const TokenIndex& index)
        : data_(data),
          index_(index),
          pattern_(find_pattern(data.pattern)),
          pretokenizer_(pattern_),
          merges_(data.merges.size()) {
        for (unsigned i = 0; i < 256; ++i) {
            const auto id = index.find(alphabet().text[i]);
            // A user-defined token is text as it stands, never a byte.
            byte_id_[i] = id != no_token && kind(id) != TokenKind::user_defined ? id : no_token;
        }
        add_merges();
    }

    void encode(std::string_view text, bool, std::vector<std::int32_t>& out) const override {
        Merger merger;
        const std::function<void(std::string_view)> piece = [&](std::string_view bytes) {
            encode_piece(bytes, merger, out);
        };
        for (std::size_t at = 0; at < text.size();) {
            const auto end = well_formed_end(text, at);
            if (end > at) {
                pretokenizer_.split(text.substr(at, end - at), piece);
                at = end;
            } else {
                emit(byte_id_[static_cast<unsigned char>(text[at++])], out);
            }
        }
    }

    std::string bytes(std::int32_t id) const override {
        const Token& token = data_.tokens[static_cast<std::size_t>(id)];
        if (token.kind == TokenKind::user_defined) return token.text;
        if (token.kind == TokenKind::byte)
            return std::string(1, static_cast<char>(byte_token_value(token.text)));
        std::string out;
        const std::string_view text = token.text;
        for (std::size_t at = 0; at < text.size();) {
            const auto character = character_at(text, at);
            const auto size = character.size == 0 ? 1 : character.size;
            const int byte = character.code < alphabet().byte.size() ? alphabet().byte[character.code] : -1;
            if (byte >= 0 && character.size != 0) {
                out += static_cast<char>(byte);
            } else {
                out += text.substr(at, size);  // not of the alphabet: as it stands
            }
            at += size;
        }
        return out;
    }

  private:
    TokenKind kind(std::int32_t id) const { return data_.tokens[static_cast<std::size_t>(id)].kind; }

    [[noreturn]] void refuse(std::size_t merge, std::string_view expected) const {
        data_.errors().fail(ErrorCode::bad_file, "tokenizer.ggml.merges[" + std::to_string(merge) + "]",
                            expected, "'" + data_.merges[merge] + "'");
    }

    void add_merges() {
        std::unordered_set<std::string_view> special;
        for (const auto& token : data_.tokens) {
            if (is_special(token.kind) || token.kind == TokenKind::byte) special.insert(token.text);
        }
        for (std::size_t rank = 0; rank < data_.merges.size(); ++rank) {
            const std::string& merge = data_.merges[rank];
            const auto space = merge.find(' ', 1);
            if (space == std::string::npos || space + 1 == merge.size()) {
                refuse(rank, "two tokens with a space between");
            }
            const std::string_view left(merge.data(), space);
            const std::string_view right(merge.data() + space + 1, merge.size() - space - 1);
            add_merge(rank, left, right, special);
        }
    }

    // A merge of or to a control token is left out: ordinary text never becomes one.
    void add_merge(std::size_t rank, std::string_view left, std::string_view right,
                   const std::unordered_set<std::string_view>& special) {
        const std::string whole = std::string(left).append(right);
        const std::array<std::string_view, 3> texts = {left, right, whole};
        std::array<std::int32_t, 3> ids{};
        for (std::size_t i = 0; i < texts.size(); ++i) {
            ids[i] = index_.find(texts[i]);
            if (ids[i] != no_token) continue;
            if (special.count(texts[i]) != 0) return;
            refuse(rank, "two tokens of the vocabulary that join to a third");
        }
        merges_.insert(ids[0], ids[1], {static_cast<std::uint32_t>(rank), ids[2]});
    }

    void emit(std::int32_t id, std::vector<std::int32_t>& out) const {
        if (id == no_token) id = data_.unknown;
        if (id != no_token) out.push_back(id);
    }

    void encode_piece(std::string_view piece, Merger& merger, std::vector<std::int32_t>& out) const {
        if (pattern_.whole_pieces && encode_whole(piece, out)) return;
        if (piece.size() == 1) return emit(byte_id_[static_cast<unsigned char>(piece[0])], out);
        for (std::size_t at = 0; at < piece.size(); at += most_symbols) {
            merge(piece.substr(at, most_symbols), merger, out);
        }
    }

    bool encode_whole(std::string_view piece, std::vector<std::int32_t>& out) const {
        if (piece.size() > longest_whole) return false;
        std::string stored;
        for (const char byte : piece) stored += alphabet().text[static_cast<unsigned char>(byte)];
        const auto id = index_.find(stored);
        if (id == no_token) return false;
        out.push_back(id);
        return true;
    }

    void merge(std::string_view piece, Merger& merger, std::vector<std::int32_t>& out) const {
        merger.clear();
        for (std::size_t i = 0; i < piece.size(); ++i) {
            merger.add(i, 1, byte_id_[static_cast<unsigned char>(piece[i])]);
        }
        merger.run(
            [this](const Symbol& left, const Symbol& right) -> MergeCandidate {
                const auto merge = merges_.find(left.id, right.id);
                return {merge.id != no_token, merge.rank, merge.id};
            },
            [](const Symbol&, const Symbol&, std::int32_t) {});
        merger.each([&](const Symbol& symbol) { emit(symbol.id, out); });
    }

    static constexpr std::size_t longest_whole = 1024;  // bytes; no vocabulary has longer words

    const VocabularyData& data_;
    const TokenIndex& index_;
    const Pattern& pattern_;
    Pretokenizer pretokenizer_;
    MergeTable merges_;
    std::array<std::int32_t, 256> byte_id_{};
};

}  // namespace

std::unique_ptr<Segmenter> make_byte_bpe(const VocabularyData& data, const TokenIndex& index) {
    return std::make_unique<ByteBpe>(data, index);
}

}  // namespace lamina::text
