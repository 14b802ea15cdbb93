#include "unit/capi/fixture.h"

#include <memory>
#include <string>

#include "unit/engine/text_model.hpp"

namespace {

std::unique_ptr<lamina::test::TemporaryDirectory> directory;
std::string model, path;

}  // namespace

const char* make_directory(void) {
    directory = std::make_unique<lamina::test::TemporaryDirectory>();
    return path_of("");
}

void remove_directory(void) { directory.reset(); }

const char* path_of(const char* name) {
    path = *directory / name;
    return path.c_str();
}

const char* write_text_model(void) {
    lamina::test::TinyShape shape;
    shape.vocabulary = 264;
    lamina::test::TinyModel tiny(shape);
    lamina::engine::test::TextModel::add_vocabulary(tiny.writer);
    tiny.writer.set("tokenizer.chat_template", "hello\n" + lamina::ChatTemplate::chatml().source());
    model = *directory / "model.gguf";
    tiny.writer.write(model);
    return model.c_str();
}
