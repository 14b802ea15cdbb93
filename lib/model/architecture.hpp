// What distinguishes one architecture from another, as a row of a table. Everything else is read from the
// file.
#pragma once

#include <string_view>

#include "base/features.hpp"
#include "model/model.hpp"

namespace lamina::model {

struct Architecture {
    std::string_view name;                      // general.architecture
    RopePairing pairing = RopePairing::halves;  // as the file's q and k rows are ordered
    Activation activation = Activation::silu;
    bool gated = true;
    bool query_key_norm = false;  // q and k are normed per head before RoPE: those tensors must be there
    bool post_norms = false;  // both branches are normed before they are added: those tensors must be there
    bool scaled_embedding = false;  // token embeddings times sqrt(embedding)
    // Sliding windows (key attention.sliding_window): every n-th layer attends to everything, the others to
    // the window. 0: the file's window, if it has one, holds for every layer.
    std::uint32_t window_period = 0;
    double window_rope_base =
        0;  // RoPE base of windowed layers where the file gives none; 0: they share the one base
    // What no column says, applied last; null for most.
    void (*adjust)(const format::ModelFile& file, Model& model) = nullptr;
};

const Architecture* find_architecture(std::string_view name);

}  // namespace lamina::model
