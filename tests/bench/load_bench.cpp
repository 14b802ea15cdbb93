// What the checks of a file cost beside loading it: load_bench MODEL... [rounds]
// The best of `rounds` (20) of each step, the file in the page cache. "checked" is all that stands between a
// file and its being believed: the header read and checked, the network found in it, the vocabulary's fields
// checked.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "api/vocabulary.hpp"
#include "base/file.hpp"
#include "format/model_file.hpp"
#include "lamina/lamina.hpp"
#include "model/model.hpp"
#include "text/tokenizer.hpp"

using namespace lamina;

namespace {

template <class Work>
double best_milliseconds(int rounds, const Work& work) {
    double best = std::numeric_limits<double>::infinity();
    for (int i = 0; i < rounds; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count());
    }
    return best;
}

void print(const char* what, double milliseconds, double whole) {
    std::printf("  %-28s %9.2f ms  %5.1f %%\n", what, milliseconds, 100 * milliseconds / whole);
}

void measure(const std::string& path, int rounds) {
    const auto file = format::open_model(path, FileAccess::map);
    const auto vocabulary = read_vocabulary(file);
    const double whole =
        best_milliseconds(std::max(3, rounds / 4), [&] { Model::load(path, {.context = 512}); });
    const double open = best_milliseconds(rounds, [&] { format::open_model(path, FileAccess::map); });
    const double network = best_milliseconds(rounds, [&] { model::read_model(file); });
    const double fields = best_milliseconds(rounds, [&] { read_vocabulary(file); });
    std::printf("%s\n", path.c_str());
    print("Model::load", whole, whole);
    print("open: read and check header", open, whole);
    print("read_model", network, whole);
    print("read_vocabulary", fields, whole);
    if (!vocabulary) return print("checked, all of it", open + network, whole);
    const double valid = best_milliseconds(rounds, [&] { text::validate(*vocabulary); });
    print("  of which validate", valid, whole);
    print("build the tokenizer",
          best_milliseconds(std::max(3, rounds / 4), [&] { text::Tokenizer{*vocabulary}; }), whole);
    print("checked, all of it", open + network + valid, whole);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        std::vector<std::string> paths(argv + 1, argv + argc);
        int rounds = 20;
        if (!paths.empty() && std::atoi(paths.back().c_str()) > 0) {
            rounds = std::atoi(paths.back().c_str());
            paths.pop_back();
        }
        for (const auto& path : paths) measure(path, rounds);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
