#include "text/special_matcher.hpp"

#include <algorithm>

namespace lamina::text {

SpecialMatcher::SpecialMatcher(const std::vector<Entry>& entries) {
    for (const auto& entry : entries) {
        if (!entry.text.empty()) insert(entry);
    }
    link();
}

std::uint32_t SpecialMatcher::child(std::uint32_t node, unsigned char byte) const {
    if (node == 0) return root_[byte];
    std::uint32_t at = nodes_[node].child;
    while (at != 0 && nodes_[at].byte != byte) at = nodes_[at].sibling;
    return at;
}

void SpecialMatcher::insert(const Entry& entry) {
    std::uint32_t node = 0;
    for (auto at = entry.text.rbegin(); at != entry.text.rend(); ++at) {
        const auto byte = static_cast<unsigned char>(*at);
        std::uint32_t next = child(node, byte);
        if (next == 0) {
            next = static_cast<std::uint32_t>(nodes_.size());
            nodes_.push_back({.child = 0, .sibling = nodes_[node].child, .byte = byte});
            nodes_[node].child = next;
            if (node == 0) root_[byte] = next;
        }
        node = next;
    }
    if (nodes_[node].length != 0) return;  // the same text twice: the first id counts
    nodes_[node].length = static_cast<std::uint32_t>(entry.text.size());
    nodes_[node].id = entry.id;
}

std::uint32_t SpecialMatcher::step(std::uint32_t node, unsigned char byte) const {
    for (;;) {
        if (const auto next = child(node, byte); next != 0 || node == 0) return next;
        node = nodes_[node].fail;
    }
}

// Breadth first, so that the shorter suffixes are complete before they are asked for.
void SpecialMatcher::link() {
    std::vector<std::uint32_t> queue = {0};
    queue.reserve(nodes_.size());
    for (std::size_t i = 0; i < queue.size(); ++i) {
        const std::uint32_t parent = queue[i];
        for (auto at = nodes_[parent].child; at != 0; at = nodes_[at].sibling) {
            Node& node = nodes_[at];
            node.fail = parent == 0 ? 0 : step(nodes_[parent].fail, node.byte);
            if (node.length == 0) {
                node.length = nodes_[node.fail].length;
                node.id = nodes_[node.fail].id;
            }
            queue.push_back(at);
        }
    }
}

void SpecialMatcher::find(std::string_view text, std::size_t offset, std::vector<Match>& out) const {
    if (nodes_.size() == 1) return;
    const std::size_t first = out.size();
    std::uint32_t node = 0;
    for (std::size_t at = text.size(); at-- > 0;) {
        node = step(node, static_cast<unsigned char>(text[at]));
        const Node& reached = nodes_[node];
        if (reached.length != 0) out.push_back({offset + at, offset + at + reached.length, reached.id});
    }
    std::reverse(out.begin() + static_cast<std::ptrdiff_t>(first), out.end());
    std::size_t kept = first;
    for (std::size_t i = first; i < out.size(); ++i) {
        if (kept == first || out[i].begin >= out[kept - 1].end) out[kept++] = out[i];
    }
    out.resize(kept);
}

}  // namespace lamina::text
