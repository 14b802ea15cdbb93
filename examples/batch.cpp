// Many prompts at once: batch MODEL.gguf "first prompt" "second prompt" ...
#include <iostream>
#include <lamina/lamina.hpp>
#include <vector>

int main(int argc, char** argv) try {
    if (argc < 3) return std::cerr << "usage: batch MODEL PROMPT...\n", 2;
    const auto prompts = static_cast<std::uint32_t>(argc - 2);
    const auto model = lamina::Model::load(argv[1], {.context = 1024, .sequences = prompts});
    lamina::Engine engine(model);

    // All requests are submitted before the first is answered; each has its own sampling.
    std::vector<lamina::Answer> answers;
    for (int i = 2; i < argc; ++i) {
        lamina::SamplingParams sampling;
        sampling.seed = static_cast<std::uint64_t>(i);
        answers.push_back(
            engine.submit({.prompt = argv[i], .max_tokens = 64, .sampling = sampling, .stop = {"\n\n"}}));
    }
    for (std::size_t i = 0; i < answers.size(); ++i) {
        std::cout << argv[i + 2] << answers[i].text() << '\n';
        const lamina::Statistics statistics = answers[i].statistics();
        std::cout << "-- " << lamina::to_string(answers[i].finish_reason()) << ", "
                  << statistics.generated_tokens << " tokens, " << statistics.tokens_per_second()
                  << " tokens/s\n\n";
    }
} catch (const lamina::Error& error) {
    std::cerr << "batch: " << error.what() << '\n';
    return 1;
}
