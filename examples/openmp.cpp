// A decoding loop whose own part is an OpenMP loop, with the model on the same threads:
// openmp MODEL.gguf "Once upon a time"
#include <omp.h>

#include <cstddef>
#include <iostream>
#include <lamina/lamina.hpp>
#include <lamina/openmp.hpp>
#include <span>
#include <vector>

namespace {

// The program's own work on the logits: it begins when the model's step has ended, on the threads that it
// left.
lamina::TokenId most_likely(std::span<const float> logits) {
    std::size_t best = 0;
#pragma omp parallel
    {
        std::size_t own = 0;
#pragma omp for nowait
        for (std::size_t i = 0; i < logits.size(); ++i) {
            if (logits[i] > logits[own]) own = i;
        }
#pragma omp critical
        if (logits[own] > logits[best] || (logits[own] == logits[best] && own < best)) best = own;
    }
    return static_cast<lamina::TokenId>(best);
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 3) return std::cerr << "usage: openmp MODEL PROMPT\n", 2;
    const auto model = lamina::Model::load(
        argv[1],
        {.context = 1024, .threads = omp_get_max_threads(), .host_threads = lamina::openmp_threads()});
    const lamina::Tokenizer tokenizer = model.tokenizer();
    lamina::Detokenizer text(tokenizer);
    lamina::Session session(model);
    const lamina::SequenceId sequence = session.open();
    std::vector<lamina::TokenId> next = tokenizer.encode(argv[2], {.special = true});
    std::cout << argv[2];
    for (int generated = 0; generated < 64; ++generated) {
        const lamina::SequenceTokens items[] = {{.sequence = sequence, .tokens = next}};
        lamina::TokenId token = 0;
        session.forward(items, [&](std::size_t, std::size_t, std::span<const float> logits) {
            token = most_likely(logits);
        });
        if (tokenizer.ends_generation(token)) break;
        std::cout << text.push(token) << std::flush;
        next = {token};
    }
    std::cout << text.flush() << '\n';
} catch (const lamina::Error& error) {
    std::cerr << "openmp: " << error.what() << '\n';
    return 1;
}
