/// @file
/// Models: what is in a file, and a loaded one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lamina/chat.hpp"
#include "lamina/device.hpp"
#include "lamina/export.h"
#include "lamina/limits.hpp"
#include "lamina/log.hpp"
#include "lamina/numerics.hpp"
#include "lamina/ops.hpp"
#include "lamina/plan.hpp"
#include "lamina/threads.hpp"
#include "lamina/tokenizer.hpp"

namespace lamina {

/// How a model's file is read.
enum class LoadMode {
    map,   ///< weights that need no repacking stay in the file, which must not change while the model lives
    read,  ///< everything is copied; the file may change or vanish afterwards
};

/// Called while loading with bytes done and bytes in all; returning false cancels (Error cancelled).
using ProgressCallback = std::function<bool(std::uint64_t done, std::uint64_t total)>;

/// How a model is loaded and where it computes. Values out of range are refused with invalid_argument.
struct ModelOptions {
    /// Tokens that a sequence can hold; 1..1073741824, never more than the model was trained for, 0 = that
    /// many. All sequences together hold at most 2147483648.
    std::uint32_t context = 4096;
    std::uint32_t sequences = 1;  ///< sequences that can be alive at once; 1..65536
    /// Rows of one step: longer prompts are cut into chunks of this size; tokens, 1..65536.
    std::uint32_t batch_tokens = 512;
    /// Logit rows of one step; 1..batch_tokens, 0 = the larger of sequences and 16, at most batch_tokens.
    std::uint32_t logit_rows = 0;
    /// At most one device, as DeviceInfo::name, with what is to be assumed of it if that is not what was
    /// found: "cpu", "cpu,mem=512GiB,bw=145GB/s". mem= is its memory, all of it free; bw=, dram=, link= and
    /// flops= are what a plan shows as DeviceInfo::stated. Sizes take B, kB ... TB, KiB ... TiB, rates the
    /// same with /s, flops= takes k ... P. Empty: chosen.
    std::vector<std::string> devices = {};
    std::string backend = {};  ///< "cpu", "reference"; empty: chosen
    int threads = 0;           ///< threads that compute; 1..1024, 0 = all CPUs that the process may use
    bool pin_threads = true;   ///< bind each compute thread to one CPU
    /// Element type of the KV cache (the reference backend keeps f32).
    CacheType cache = CacheType::automatic;
    ComputeType compute = ComputeType::automatic;  ///< what weights are multiplied with
    /// Logits of a token are the same bits whoever shares its batch, however its prompt is cut into steps,
    /// and whether it was given with others or alone, as generated ones are, which may lie in the cache.
    /// Without this the last does not hold, for attention adds the rows of a prompt in another, faster order;
    /// nor do the others for matrices of f32 and bf16, and for quantized ones on machines with AMX, which
    /// have a faster way for many rows that rounds otherwise. Numbers that are not finite are outside of
    /// this.
    bool invariant = false;
    /// Rearrange quantized matrices at load, so that they are read fast; false: compute on the blocks of the
    /// file, which takes no memory beside it and is several times slower.
    bool repack = true;
    bool profile = false;            ///< take the time of every op, for Model::take_profile
    LoadMode load = LoadMode::map;   ///< how the file is read
    ProgressCallback progress = {};  ///< hears how far loading is, and can cancel it; empty: nobody
    LogSink log = {};                ///< takes what the library has to say; empty: nobody
    /// The host's threads to compute on. Empty: own ones, started by the first computation (packing weights
    /// while loading is one) and ended with the model.
    HostThreads host_threads = {};
    /// Where the weights, caches and workspace of a CPU device lie. Both functions or none: none is the
    /// system's memory.
    HostAllocator allocator = {};
};

/// How many tensors of a type a file has.
struct TypeCount {
    std::string type = {};      ///< "q4_K"
    std::uint64_t tensors = 0;  ///< how many tensors
    std::uint64_t bytes = 0;    ///< bytes of all of them
};

/// What a file says about its model; read from its header alone.
struct ModelInfo {
    std::string path = {};                     ///< as it was given
    std::string format = {};                   ///< "GGUF v3"
    std::string architecture = {};             ///< "llama", one of architectures()
    std::string name = {};                     ///< as the file has it; empty where it has none
    std::string licence = {};                  ///< as the file has it; empty where it has none
    std::uint64_t parameters = 0;              ///< number of weights
    std::uint64_t file_bytes = 0;              ///< bytes of all parts
    std::uint64_t weight_bytes_per_token = 0;  ///< bytes that decoding one token reads, as stored
    std::uint64_t weights_per_token = 0;       ///< number of weights that decoding one token reads
    std::uint32_t layers = 0;                  ///< transformer blocks
    std::uint32_t embedding = 0;               ///< width of the residual stream
    std::uint32_t heads = 0;                   ///< heads of the queries
    std::uint32_t kv_heads = 0;                ///< heads of keys and values
    std::uint32_t head_dim = 0;                ///< width of a key
    std::uint32_t feed_forward = 0;            ///< width of the feed-forward network
    std::uint32_t vocabulary = 0;              ///< number of logits
    std::uint32_t trained_context = 0;         ///< tokens
    std::vector<TypeCount> types = {};         ///< of the weights
    /// "sliding window 512 on 15 of 18 layers", "tied embeddings", ...
    std::vector<std::string> features = {};
    std::string tokenizer = {};      ///< "bpe (smollm)"; empty where there is none
    bool has_chat_template = false;  ///< whether the file has one
};

/// A handle to a loaded model; cheap to copy, safe to use from many threads. It lives as long as one of its
/// copies, engines or sessions.
class LAMINA_API Model {
  public:
    /// Loads a model file (GGUF; any part of a split one) and plans where it computes.
    /// Throws Error: io, bad_file, unsupported, invalid_argument (options), out_of_memory, cancelled.
    static Model load(const std::string& path, const ModelOptions& options = {});

    /// What the file says.
    const ModelInfo& info() const;
    /// What was allocated, and where.
    const Plan& plan() const;
    /// The options with every default settled: context, threads, logit_rows, backend.
    const ModelOptions& options() const;
    /// Whether the file has a vocabulary.
    bool has_tokenizer() const;
    /// The file's tokenizer. Throws unsupported where the file has no vocabulary.
    Tokenizer tokenizer() const;
    /// The file's chat template; none where it has none or a broken one.
    std::optional<ChatTemplate> chat_template() const;
    /// What computes each op.
    std::vector<OpImplementation> implementations() const;
    /// With ModelOptions::profile: the time of every op since the last call, in the order of a step. Else,
    /// and from backends that take no times, empty.
    std::vector<OpTime> take_profile() const;

    /// Measures what the device can do at most, with the model's threads; takes a second or less. Throws
    /// out_of_memory.
    DeviceSpeed measure_device() const;

    struct State;
    /// For the library itself.
    const std::shared_ptr<State>& state() const { return state_; }

  private:
    explicit Model(std::shared_ptr<State> state) : state_(std::move(state)) {}
    std::shared_ptr<State> state_ = {};
};

/// Model::info() from the header alone, without loading weights. Throws io, bad_file, unsupported.
LAMINA_API ModelInfo inspect(const std::string& path);
/// Model::plan() without loading weights. Throws as Model::load.
LAMINA_API Plan make_plan(const std::string& path, const ModelOptions& options = {});
/// Model::tokenizer() without loading weights. Throws io, bad_file, unsupported.
LAMINA_API Tokenizer load_tokenizer(const std::string& path);
/// The file's chat template without loading weights. Throws io, bad_file, template_failed (a broken
/// template).
LAMINA_API std::optional<ChatTemplate> load_chat_template(const std::string& path);

/// Names of the architectures that models may have.
LAMINA_API std::vector<std::string> architectures();

}  // namespace lamina
