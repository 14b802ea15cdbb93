// Every pre-tokenizer pattern on any text: the pieces are the text, none is empty. The first byte names the
// pattern.
#include <array>
#include <functional>
#include <memory>

#include "fuzz/harness.hpp"
#include "fuzz/pattern_names.hpp"
#include "text/pretokenizer.hpp"
#include "text/utf8.hpp"

namespace lamina::fuzz {
namespace {

const text::Pretokenizer& pretokenizer(std::size_t index) {
    static std::array<std::unique_ptr<text::Pretokenizer>, pattern_names.size()> made;
    auto& out = made[index];
    require(text::has_pattern(pattern_names[index]) == (pattern_names[index] != "unknown"),
            "patterns have names");
    if (!out) out = std::make_unique<text::Pretokenizer>(text::find_pattern(pattern_names[index]));
    return *out;
}

void split(std::size_t pattern, std::string_view text) {
    const char* at = text.data();
    pretokenizer(pattern).split(text, [&](std::string_view piece) {
        require(!piece.empty(), "no piece is empty");
        require(piece.data() == at, "pieces follow each other");
        at += piece.size();
    });
    require(at == text.data() + text.size(), "the pieces are the text");
}

}  // namespace
}  // namespace lamina::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lamina;
    fuzz::Fields input(data, size);
    const auto pattern = input.below(fuzz::pattern_names.size());
    // What the tokenizer gives to it: the well-formed stretches.
    const auto text = input.rest();
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text::well_formed_end(text, at);
        fuzz::split(pattern, text.substr(at, end - at));
        at = end + 1;
    }
    return 0;
}
