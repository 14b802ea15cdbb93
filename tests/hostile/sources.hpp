// Small well-formed models that the sweeps damage.
#pragma once

#include <string>
#include <vector>

#include "support/gguf_writer.hpp"

namespace lamina::test::hostile {

struct Source {
    std::string name;
    GgufWriter writer;
    // Of how many cases one is run: models of many tensors repeat the same roles layer after layer.
    std::uint32_t stride = 1;
};

// A llama of one layer with every optional key and tensor, a byte-level BPE vocabulary and a chat template.
GgufWriter llama_with_text();

// A gemma3 of two layers, windowed and not, with numbers given layer by layer and a SentencePiece vocabulary.
GgufWriter gemma_with_text();

// What a file holds, for files that this project wrote itself: it is not checked again.
GgufWriter writer_of(const Bytes& file);

// The two above and the models of tests/data/tiny, one of each architecture at least.
std::vector<Source> sources();

}  // namespace lamina::test::hostile
