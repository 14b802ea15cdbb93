// Models: what is in a file, and a loaded one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lamina/chat.hpp"
#include "lamina/device.hpp"
#include "lamina/log.hpp"
#include "lamina/plan.hpp"
#include "lamina/tokenizer.hpp"

namespace lamina {

enum class CacheType { f16, f32, bf16 };
enum class LoadMode {
    map,   // weights that need no repacking are read in place; the file must stay as it is while the model
           // lives
    read,  // everything is copied; the file may change or vanish afterwards
};
enum class ComputeType {
    automatic,  // bf16 weights compute in bf16 where the device has it, other dense weights with f32
                // activations
    f32,        // f32 activations for all dense weights
    bf16,       // activations of dense weights rounded to bf16
};

// Called while loading with bytes done and bytes in all; returning false cancels (Error cancelled).
using ProgressCallback = std::function<bool(std::uint64_t done, std::uint64_t total)>;

struct ModelOptions {
    std::uint32_t context =
        4096;  // tokens that a sequence can hold; 0 = what the model was trained for; never more than that
    std::uint32_t sequences = 1;  // sequences that can be alive at once
    std::uint32_t batch_tokens =
        512;  // rows of one step: longer prompts are cut into chunks of this size; 1..65536
    std::uint32_t logit_rows =
        0;  // logit rows of one step; 0 = the larger of sequences and 16, at most batch_tokens
    std::vector<std::string> devices = {};  // device SPECs, "cpu"; empty: chosen
    std::string backend = {};               // "cpu", "reference"; empty: chosen
    int threads = 0;                        // 0 = all CPUs that the process may use
    bool pin_threads = true;                // bind each compute thread to one CPU
    CacheType cache =
        CacheType::f16;  // element type of the KV cache (the reference backend always keeps f32)
    ComputeType compute = ComputeType::automatic;
    LoadMode load = LoadMode::map;
    ProgressCallback progress = {};
    LogSink log = {};
};

struct TypeCount {
    std::string type = {};  // "q4_K"
    std::uint64_t tensors = 0;
    std::uint64_t bytes = 0;
};

// What a file says about its model; read from its header alone.
struct ModelInfo {
    std::string path, format;  // format: "GGUF v3"
    std::string architecture, name, licence;
    std::uint64_t parameters = 0;              // weights
    std::uint64_t file_bytes = 0;              // of all parts
    std::uint64_t weight_bytes_per_token = 0;  // that decoding one token reads, as stored
    std::uint32_t layers = 0, embedding = 0, heads = 0, kv_heads = 0, head_dim = 0, feed_forward = 0,
                  vocabulary = 0;
    std::uint32_t trained_context = 0;  // tokens
    std::vector<TypeCount> types = {};
    std::vector<std::string> features =
        {};                      // "sliding window 512 on 15 of 18 layers", "tied embeddings", ...
    std::string tokenizer = {};  // "bpe (smollm)", empty where there is none
    bool has_chat_template = false;
};

// The implementation that an op uses and why earlier candidates declined.
struct OpImplementation {
    std::string op, implementation, refused;
};

class Model {
  public:
    // Loads a model file (GGUF; any part of a split one) and plans where it computes.
    // Throws Error: io, bad_file, unsupported, invalid_argument (options), out_of_memory, cancelled.
    static Model load(const std::string& path, const ModelOptions& options = {});

    const ModelInfo& info() const;
    const Plan& plan() const;
    const ModelOptions& options() const;  // with every default settled: context, threads, logit_rows, backend
    bool has_tokenizer() const;
    Tokenizer tokenizer() const;  // throws unsupported where the file has no vocabulary
    std::optional<ChatTemplate> chat_template() const;
    std::vector<OpImplementation> implementations() const;

    struct State;
    const std::shared_ptr<State>& state() const { return state_; }  // for the library itself

  private:
    explicit Model(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_ = {};
};

// The same from the header alone, without loading weights.
ModelInfo inspect(const std::string& path);
Plan make_plan(const std::string& path, const ModelOptions& options = {});
Tokenizer load_tokenizer(const std::string& path);
std::optional<ChatTemplate> load_chat_template(const std::string& path);

// Names of the architectures that models may have.
std::vector<std::string> architectures();

}  // namespace lamina
