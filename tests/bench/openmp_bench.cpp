// A model on its own team beside a model on OpenMP's threads: openmp_bench MODEL [ROUNDS]
// Tokens a second, the median of ROUNDS (9) and the range, in alternation: a prompt of 512, decoding of 64
// tokens, and the same where the host computes log-probabilities in an OpenMP loop after every step (its time
// counts). Each measurement has a process of its own, because OpenMP's threads may spin after a region for as
// long as the process lives (OMP_WAIT_POLICY).
#include <omp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "lamina/lamina.hpp"
#include "lamina/openmp.hpp"

using namespace lamina;

namespace {

constexpr std::uint32_t prompt = 512, generated = 64;
constexpr std::array cases = {"prefill 512", "decode", "decode, with a loop of the host"};
using Rates = std::array<double, cases.size()>;

// The host's part of a step: log-probabilities in place.
void to_logprobs(std::vector<float>& logits) {
    double sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (std::size_t i = 0; i < logits.size(); ++i) sum += static_cast<double>(std::exp(logits[i]));
    const auto normalizer = static_cast<float>(std::log(sum));
#pragma omp parallel for
    for (std::size_t i = 0; i < logits.size(); ++i) logits[i] -= normalizer;
}

class Bench {
  public:
    explicit Bench(const Model& model)
        : session_(model), sequence_(session_.open()), tokens_(prompt), vocabulary_(model.info().vocabulary) {
        for (std::size_t i = 0; i < tokens_.size(); ++i)
            tokens_[i] = static_cast<TokenId>((i * 7919 + 17) % vocabulary_);
    }

    Rates rates() {
        forward(tokens_);  // warms up
        const auto decode = [this](bool loop) {
            session_.truncate(sequence_, 0);
            forward(std::span(tokens_).first(16));
            return generated / seconds([&] {
                       for (std::size_t i = 0; i < generated; ++i) {
                           forward(std::span(tokens_).subspan(i, 1));
                           if (loop) to_logprobs(logits_);
                       }
                   });
        };
        session_.truncate(sequence_, 0);
        const double prefill = prompt / seconds([&] { forward(tokens_); });
        const double alone = decode(false);
        return {prefill, alone, decode(true)};
    }

  private:
    template <class Work>
    static double seconds(const Work& work) {
        const auto start = std::chrono::steady_clock::now();
        work();
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    }

    void forward(std::span<const TokenId> tokens) {
        const SequenceTokens items[] = {{.sequence = sequence_, .tokens = tokens}};
        session_.forward(items, [this](std::size_t, std::size_t, std::span<const float> row) {
            logits_.assign(row.begin(), row.end());
        });
    }

    Session session_;
    SequenceId sequence_;
    std::vector<TokenId> tokens_;
    std::uint32_t vocabulary_;
    std::vector<float> logits_;
};

// In a process of its own.
int measure(const char* path, bool openmp) {
    const auto model = Model::load(path, {.context = 1024,
                                          .threads = omp_get_max_threads(),
                                          .host_threads = openmp ? openmp_threads() : HostThreads{}});
    for (const double rate : Bench(model).rates()) std::printf("%.9g ", rate);
    return 0;
}

Rates measured(const std::string& program, const std::string& path, const char* team) {
    const std::string command = program + " '" + path + "' measure " + team;
    std::FILE* out = popen(command.c_str(), "r");
    Rates rates = {};
    for (double& rate : rates) {
        if (out == nullptr || std::fscanf(out, "%lf", &rate) != 1) {
            std::fprintf(stderr, "%s gave no numbers\n", command.c_str());
            std::exit(1);
        }
    }
    pclose(out);
    return rates;
}

std::string median_and_range(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    char text[64];
    std::snprintf(text, sizeof text, "%.0f (%.0f–%.0f)", values[values.size() / 2], values.front(),
                  values.back());
    return text;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc == 4 && std::string(argv[2]) == "measure")
        return measure(argv[1], std::string(argv[3]) == "openmp");
    if (argc != 2 && argc != 3) return std::fprintf(stderr, "usage: openmp_bench MODEL [ROUNDS]\n"), 2;
    const int rounds = argc == 3 ? std::max(1, std::atoi(argv[2])) : 9;
    constexpr std::array teams = {"own", "openmp"};
    std::array<std::array<std::vector<double>, teams.size()>, cases.size()> all;
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t turn = 0; turn < teams.size(); ++turn) {
            const std::size_t team = (turn + static_cast<std::size_t>(round)) % teams.size();
            const Rates rates = measured(argv[0], argv[1], teams[team]);
            for (std::size_t i = 0; i < rates.size(); ++i) all[i][team].push_back(rates[i]);
        }
    }
    for (std::size_t i = 0; i < cases.size(); ++i)
        std::printf("| %s | %s | %s |\n", cases[i], median_and_range(all[i][0]).c_str(),
                    median_and_range(all[i][1]).c_str());
} catch (const Error& error) {
    std::fprintf(stderr, "openmp_bench: %s\n", error.what());
    return 1;
}
