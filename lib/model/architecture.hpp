// What distinguishes one architecture from another, as a row of a table. Everything else is read from the
// file: keys and tensors that only some files have (windows, caps, scales, biases, sinks, experts, latent
// attention, fused matrices) mean the same in all of them.
#pragma once

#include <string_view>

#include "base/features.hpp"
#include "model/model.hpp"

namespace lamina::model {

enum class QueryKeyNorm {
    none,
    heads,          // over each head; those tensors must be there
    all,            // over all heads together; those tensors must be there
    each_optional,  // over each head, with weights of its own: where the file has those tensors
};

struct Architecture {
    std::string_view name;                      // general.architecture
    RopePairing pairing = RopePairing::halves;  // as the file's q and k rows are ordered
    Activation activation = Activation::silu;
    bool gated = true;
    bool layer_norm = false;  // centered norms (attention.layer_norm_epsilon) instead of root mean square
    QueryKeyNorm query_key_norm = QueryKeyNorm::none;
    bool pre_norms = true;    // both branches are normed before: those tensors must be there
    bool post_norms = false;  // both branches are normed before they are added: those tensors must be there
    std::string_view feed_forward_norm = "ffn_norm";  // the name of that tensor
    bool parallel = false;                            // both branches read the one norm
    bool parallel_without_norm = false;               // the same in layers that have no feed_forward_norm
    bool scaled_embedding = false;                    // token embeddings times sqrt(hidden_size)
    bool divided_logits = false;  // logits are divided by the key logit_scale instead of multiplied
    // Sliding windows (key attention.sliding_window): every n-th layer attends to everything, the others to
    // the window. 0: the file's window, if it has one, holds for every layer.
    std::uint32_t window_period = 0;
    double window_rope_base =
        0;  // RoPE base of windowed layers where the file gives none; 0: they share the one base
    std::uint32_t no_rope_period = 0;  // every n-th layer has no positions; 0: none
    // Where the file does not say: how experts are scored and whether their weights are normalised.
    ExpertScoring scoring = ExpertScoring::softmax;
    bool normalised_experts = false;
    // What no column says, applied last; null for most.
    void (*adjust)(const format::ModelFile& file, Model& model) = nullptr;
};

const Architecture* find_architecture(std::string_view name);

}  // namespace lamina::model
