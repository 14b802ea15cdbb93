// Writes a small model that has a vocabulary: install_text_model OUT.gguf
#include "unit/engine/text_model.hpp"

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    lamina::test::TinyShape shape;
    shape.vocabulary = 264;
    lamina::test::TinyModel model(shape);
    lamina::engine::test::TextModel::add_vocabulary(model.writer);
    model.writer.write(argv[1]);
}
