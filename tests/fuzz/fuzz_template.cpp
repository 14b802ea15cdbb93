// Template sources from anyone: parsed, and rendered for one fixed conversation.
#include <string>

#include "fuzz/harness.hpp"
#include "fuzz/rendering.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lamina;
    static const std::string input = fuzz::snippet_variables();
    fuzz::accepted([&] {
        const text::Template parsed{std::string(fuzz::as_text(fuzz::as_bytes(data, size)))};
        fuzz::render(parsed, input, 2'000);
    });
    return 0;
}
