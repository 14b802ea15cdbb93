// A conversation: chat MODEL.gguf, then a question a line.
#include <iostream>
#include <lamina/lamina.hpp>
#include <string>
#include <vector>

int main(int argc, char** argv) try {
    if (argc != 2) return std::cerr << "usage: chat MODEL\n", 2;
    const auto model = lamina::Model::load(argv[1], {.context = 0});  // as long as the model was trained for
    lamina::Engine engine(model);
    std::vector<lamina::Message> messages = {
        {.role = "system", .content = "You answer in one short sentence."}};
    for (std::string line; std::cout << "> " << std::flush, std::getline(std::cin, line);) {
        messages.push_back({.role = "user", .content = line});
        auto answer = engine.submit({.messages = messages, .max_tokens = 500});
        std::string text;
        for (std::string_view piece : answer) {
            std::cout << piece << std::flush;
            text += piece;
        }
        std::cout << '\n';
        messages.push_back(
            {.role = "assistant", .content = text});  // the model sees the whole conversation each time
    }
} catch (const lamina::Error& error) {
    std::cerr << "chat: " << error.what() << '\n';
    return 1;
}
