#include "text/token_index.hpp"

#include <bit>
#include <chrono>

#include "text/hash.hpp"

namespace lamina::text {
namespace {

std::size_t slots_for(std::size_t count) { return std::bit_ceil(2 * count + 2); }

std::uint64_t pair_of(std::int32_t left, std::int32_t right) {
    return std::uint64_t{static_cast<std::uint32_t>(left)} << 32 | static_cast<std::uint32_t>(right);
}

}  // namespace

std::uint64_t hash_seed() {
    static const int anchor =
        0;  // address space randomisation and the clock: enough against files made beforehand
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    return mix(static_cast<std::uint64_t>(now) ^ reinterpret_cast<std::uintptr_t>(&anchor),
               0xD1B54A32D192ED03u) |
           1u;
}

TokenIndex::TokenIndex(const std::vector<Token>& tokens)
    : tokens_(&tokens), slots_(slots_for(tokens.size())), seed_(hash_seed()) {}

std::size_t TokenIndex::slot(std::string_view text, std::uint64_t hash) const {
    const auto check = static_cast<std::uint32_t>(hash >> 32);
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].id != no_token &&
           (slots_[at].check != check || (*tokens_)[static_cast<std::size_t>(slots_[at].id)].text != text)) {
        at = (at + 1) & (slots_.size() - 1);
    }
    return at;
}

void TokenIndex::insert(std::int32_t id) {
    const std::string& text = (*tokens_)[static_cast<std::size_t>(id)].text;
    const auto value = hash(text, seed_);
    Slot& slot = slots_[this->slot(text, value)];
    if (slot.id == no_token) slot = {static_cast<std::uint32_t>(value >> 32), id};
}

std::int32_t TokenIndex::find(std::string_view text) const {
    return slots_[slot(text, hash(text, seed_))].id;
}

MergeTable::MergeTable(std::size_t count) : slots_(slots_for(count)), seed_(hash_seed()) {}

std::size_t MergeTable::slot(std::uint64_t pair) const {
    std::size_t at = hash(pair, seed_) & (slots_.size() - 1);
    while (slots_[at].merge.id != no_token && slots_[at].pair != pair) at = (at + 1) & (slots_.size() - 1);
    return at;
}

void MergeTable::insert(std::int32_t left, std::int32_t right, Merge merge) {
    const auto pair = pair_of(left, right);
    Slot& slot = slots_[this->slot(pair)];
    if (slot.merge.id == no_token) slot = {pair, merge};
}

MergeTable::Merge MergeTable::find(std::int32_t left, std::int32_t right) const {
    return slots_[slot(pair_of(left, right))].merge;
}

}  // namespace lamina::text
