#ifndef LAMINA_HAS_ONEDNN
#include "cpu/onednn/matmul.hpp"

namespace lamina::cpu::onednn {

std::unique_ptr<Matmul> make_matmul(const MatmulShape&, Isa, std::string& refusal) {
    refusal = "not in this build";
    return nullptr;
}

}  // namespace lamina::cpu::onednn
#endif
