// JSON that the tools are given. The first byte says what for: texts to tokenize, cases to render, or any
// document.
#include "cli/json.hpp"
#include "fuzz/harness.hpp"
#include "fuzz/json_mutator.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lamina;
    fuzz::Fields input(data, size);
    const auto choice = input.below(3);
    const auto text = input.rest();
    fuzz::accepted([&] {
        if (choice == 0) {
            cli::parse_texts(text, "fuzz.json");
            return;
        }
        const auto document =
            choice == 1 ? cli::parse_cases(text, "fuzz.json") : cli::parse_json(text, "fuzz.json");
        // What was read can be written, and is then the same.
        fuzz::require(cli::parse_json(document.dump(), "again.json") == document,
                      "a document survives writing");
    });
    return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
    if (size < 2 || seed % 4 == 0) return LLVMFuzzerMutate(data, size, max_size);
    const auto json = lamina::fuzz::mutate_json(
        lamina::fuzz::as_text(lamina::fuzz::as_bytes(data + 1, size - 1)), max_size - 1, seed / 4);
    std::copy(json.begin(), json.end(), data + 1);
    return 1 + json.size();
}
