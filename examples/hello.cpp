// The smallest useful program: hello MODEL.gguf "Once upon a time"
#include <iostream>
#include <lamina/lamina.hpp>

int main(int argc, char** argv) try {
    if (argc != 3) return std::cerr << "usage: hello MODEL PROMPT\n", 2;
    auto model = lamina::Model::load(argv[1], {.context = 4096});
    lamina::Engine engine(model);
    auto answer = engine.submit({.prompt = argv[2], .max_tokens = 200});
    for (std::string_view piece : answer) std::cout << piece << std::flush;
    std::cout << '\n';
} catch (const lamina::Error& error) {
    std::cerr << "hello: " << error.what() << '\n';
    return 1;
}
