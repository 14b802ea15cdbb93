// Headers that are consistent and ask for more memory than there is: refused before anything is allocated.
// The weights are holes of a file in memory.
#include <catch2/catch.hpp>

#include "base/dtype.hpp"
#include "hostile/user_way.hpp"
#include "lamina/lamina.hpp"
#include "support/allocations.hpp"
#include "support/expect_error.hpp"

using namespace lamina;
using namespace lamina::test;
using hostile::MemoryPath;

namespace {

struct Absurd {
    const char* what;
    std::uint64_t layers = 1, embedding = 32, vocabulary = 16, heads = 1, kv_heads = 1, head_dim = 2,
                  feed_forward = 32, context = 64;
};

// The header alone, and how long the file must be.
struct Header {
    Bytes bytes;
    std::uint64_t size = 0;
};

class Builder {
  public:
    explicit Builder(const Absurd& a) {
        const auto number = [&](const std::string& key, std::uint64_t value) {
            writer_.set("llama." + key, value);
        };
        writer_.set("general.architecture", "llama").set("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        number("block_count", a.layers), number("context_length", a.context),
            number("embedding_length", a.embedding);
        number("feed_forward_length", a.feed_forward), number("attention.head_count", a.heads);
        number("attention.head_count_kv", a.kv_heads), number("attention.key_length", a.head_dim);
        number("attention.value_length", a.head_dim);
        tensor("token_embd.weight", {a.embedding, a.vocabulary});
        tensor("output_norm.weight", {a.embedding});
        for (std::uint64_t i = 0; i < a.layers; ++i) layer("blk." + std::to_string(i) + ".", a);
    }

    Header header() const {
        const auto image = writer_.image();
        return {image.bytes, image.bytes.size() + at_};
    }

  private:
    void layer(const std::string& block, const Absurd& a) {
        tensor(block + "attn_norm.weight", {a.embedding});
        tensor(block + "ffn_norm.weight", {a.embedding});
        tensor(block + "attn_q.weight", {a.embedding, a.heads * a.head_dim});
        tensor(block + "attn_k.weight", {a.embedding, a.kv_heads * a.head_dim});
        tensor(block + "attn_v.weight", {a.embedding, a.kv_heads * a.head_dim});
        tensor(block + "attn_output.weight", {a.heads * a.head_dim, a.embedding});
        tensor(block + "ffn_gate.weight", {a.embedding, a.feed_forward});
        tensor(block + "ffn_up.weight", {a.embedding, a.feed_forward});
        tensor(block + "ffn_down.weight", {a.feed_forward, a.embedding});
    }

    void tensor(const std::string& name, std::vector<std::uint64_t> dimensions) {
        std::uint64_t bytes = 2;
        for (const auto d : dimensions) bytes *= d;
        writer_.raw_tensor(name, format::gguf::id_of(DType::f16), std::move(dimensions), {}, at_);
        at_ += (bytes + 31) / 32 * 32;
    }

    GgufWriter writer_;
    std::uint64_t at_ = 0;  // in the data section
};

// The options of a call that asks for as much as the file allows.
ModelOptions greedy(std::string device) {
    return {
        .context = 0, .sequences = 2, .batch_tokens = 65536, .devices = {std::move(device)}, .threads = 1};
}

// Both must be refused for want of memory, by name, having held next to nothing.
void expect_refusal(const std::string& path, std::uint64_t bound, const ModelOptions& options, bool load) {
    const AllocationPeak peak;
    try {
        if (load)
            Model::load(path, options);
        else
            make_plan(path, options);
        FAIL("accepted");
    } catch (const Error& error) {
        INFO(error.what());
        CHECK(to_string(error.code()) == to_string(ErrorCode::out_of_memory));
        CHECK(error.details().file == path);
        CHECK_FALSE(error.details().subject.empty());
    }
    CHECK(peak.bytes() <= bound);
}

constexpr std::uint64_t one = 1;

}  // namespace

TEST_CASE("hostile files: hyper-parameters that ask for absurd memory are refused before it is allocated") {
    const Absurd cases[] = {
        {.what = "vocabulary and embedding", .embedding = one << 20, .vocabulary = one << 22},
        {.what = "heads", .embedding = 1, .heads = one << 14, .kv_heads = one << 14, .head_dim = one << 14},
        {.what = "feed-forward width", .feed_forward = one << 24},
        {.what = "context", .context = one << 30},
        {.what = "layers and context",
         .layers = 1024,
         .embedding = 1,
         .feed_forward = 1,
         .context = one << 30},
    };
    for (const auto& absurd : cases) {
        INFO(absurd.what);
        const auto header = Builder(absurd).header();
        MemoryPath file;
        file.write(header.bytes);
        file.resize(header.size);
        CHECK_NOTHROW(inspect(file.path()));
        const auto bound = (std::uint64_t{16} << 20) + header.bytes.size();
        for (const char* device : {"cpu,mem=12MiB", "reference,mem=12MiB"}) {
            expect_refusal(file.path(), bound, greedy(device), false);
            expect_refusal(file.path(), bound, greedy(device), true);
            auto modest = greedy(device);
            modest.context = 16, modest.sequences = 1, modest.batch_tokens = 1;
            if (absurd.context < (one << 30)) expect_refusal(file.path(), bound, modest, true);
        }
        expect_refusal(file.path(), bound, greedy("cpu,mem=8GiB"), false);
    }
}
