#include "text/detokenizer.hpp"

namespace lamina::text {

std::string Detokenizer::push(std::int32_t id) {
    std::string out;
    repair_.push(tokenizer_->text_of(id, special_, start_), out);
    start_ = start_ && !special_ && tokenizer_->is_control(id);
    return out;
}

std::string Detokenizer::flush() {
    std::string out;
    repair_.flush(out);
    start_ = true;
    return out;
}

}  // namespace lamina::text
