// Messages, tools and everything else that a published template is given: JSON from anyone. The first byte
// names the template.
#include <string>

#include "fuzz/harness.hpp"
#include "fuzz/json_mutator.hpp"
#include "fuzz/rendering.hpp"

namespace lamina::fuzz {
namespace {

// Whatever a template does with a message, this text of it never counts as the template's own.
void check_authors(const text::MarkedText& out) {
    std::size_t at = 0;
    for (const auto& span : out.spans) {
        const auto part = std::string_view(out.text).substr(at, span.size);
        require(!span.trusted || part.find(forged_token) == std::string_view::npos,
                "no message forges a token");
        at += span.size;
    }
}

}  // namespace
}  // namespace lamina::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lamina;
    static const auto templates = fuzz::published_templates();
    fuzz::Fields input(data, size);
    const auto& chosen = templates[input.below(templates.size())];
    const auto json = input.rest();
    fuzz::accepted([&] {
        const auto out = fuzz::render(*chosen, json, 20'000);
        // bos_token and eos_token come from the vocabulary and are trusted; escapes could hide their names.
        const bool plain = json.find("os_token") == json.npos && json.find('\\') == json.npos;
        if (plain) fuzz::check_authors(out);
    });
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
    if (size < 2 || seed % 16 == 0) return LLVMFuzzerMutate(data, size, max_size);
    const auto json = lamina::fuzz::mutate_json(
        lamina::fuzz::as_text(lamina::fuzz::as_bytes(data + 1, size - 1)), max_size - 1, seed / 16);
    std::copy(json.begin(), json.end(), data + 1);
    return 1 + json.size();
}
