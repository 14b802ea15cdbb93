// Finds the text that is most like a question: embed MODEL QUESTION TEXT...
#include <algorithm>
#include <cstdio>
#include <numeric>

#include "lamina/lamina.hpp"

int main(int argc, char** argv) try {
    if (argc < 4) {
        std::fprintf(stderr, "usage: embed MODEL QUESTION TEXT...\n");
        return 2;
    }
    const std::vector<std::string> texts(argv + 2, argv + argc);
    const auto model = lamina::Model::load(argv[1], {.sequences = 8});
    const auto vectors = lamina::embed(model, texts);  // of length 1: dot products are cosines

    std::vector<std::size_t> order(texts.size() - 1);
    std::iota(order.begin(), order.end(), 1u);
    const auto likeness = [&](std::size_t i) {
        return std::inner_product(vectors[0].begin(), vectors[0].end(), vectors[i].begin(), 0.0);
    };
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return likeness(a) > likeness(b); });
    for (const auto i : order) std::printf("%.3f  %s\n", likeness(i), texts[i].c_str());
} catch (const lamina::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
