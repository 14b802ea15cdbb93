// Prints a hash of all logits of each model given, for options that change how they are computed: two builds
// that print the same lines compute the same bits. The instruction set is LAMINA_ISA's.
//
// usage: logits_hash [--threads N] MODEL...
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "lamina/lamina.hpp"

namespace {

using namespace lamina;

// FNV-1a (Fowler, Noll, Vo) over the bits of the logits.
class Hash {
  public:
    void add(std::span<const float> values) {
        for (const float value : values) {
            std::uint32_t bits;
            std::memcpy(&bits, &value, sizeof bits);
            state_ = (state_ ^ bits) * 1099511628211u;
        }
    }
    std::uint64_t value() const { return state_; }

  private:
    std::uint64_t state_ = 14695981039346656037u;
};

std::vector<TokenId> tokens_for(std::uint32_t vocabulary, std::size_t count, std::uint64_t seed) {
    std::vector<TokenId> out(count);
    for (auto& token : out) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        token = static_cast<TokenId>((seed >> 33) % vocabulary);
    }
    return out;
}

// Three sequences, the first of `count` tokens, fed `portion` tokens of each at a time.
std::uint64_t hash_of(const Model& model, std::size_t count, std::size_t portion) {
    Session session(model);
    std::vector<std::vector<TokenId>> texts;
    std::vector<SequenceId> ids;
    for (std::size_t i = 0; i < 3; ++i) {
        texts.push_back(tokens_for(model.info().vocabulary, count / (i + 1) + 1, i));
        ids.push_back(session.open());
    }
    Hash hash;
    for (std::size_t done = 0; done < count + 1; done += portion) {
        std::vector<SequenceTokens> items;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            if (done >= texts[i].size()) continue;
            const auto left = std::span<const TokenId>(texts[i]).subspan(done);
            items.push_back({ids[i], left.first(std::min(portion, left.size())), WantedLogits::all});
        }
        session.forward(items,
                        [&](std::size_t, std::size_t, std::span<const float> logits) { hash.add(logits); });
    }
    return hash.value();
}

struct Variant {
    const char* name;
    ModelOptions options;
};

void print(const std::string& path, int threads) {
    const Variant variants[] = {{"default", {}},
                                {"invariant", {.invariant = true}},
                                {"f32", {.compute = ComputeType::f32}},
                                {"bf16", {.compute = ComputeType::bf16}},
                                {"no-repack", {.repack = false}},
                                {"q8_0 cache", {.cache = CacheType::q8_0}}};
    for (const auto& [name, base] : variants) {
        ModelOptions options = base;
        options.context = 128;
        options.sequences = 3;
        options.threads = threads;
        const auto model = Model::load(path, options);
        const std::size_t count = model.info().vocabulary > 10000 ? 40 : 90;
        std::printf("%s %s: %016llx %016llx %016llx\n", path.substr(path.rfind('/') + 1).c_str(), name,
                    static_cast<unsigned long long>(hash_of(model, count, 1000)),
                    static_cast<unsigned long long>(hash_of(model, count, 7)),
                    static_cast<unsigned long long>(hash_of(model, count, 1)));
    }
}

}  // namespace

int main(int argc, char** argv) {
    int threads = 0;
    try {
        for (int i = 1; i < argc; ++i) {
            if (std::strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
                threads = std::atoi(argv[++i]);
            } else {
                print(argv[i], threads);
            }
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "logits_hash: %s\n", error.what());
        return 1;
    }
    return 0;
}
