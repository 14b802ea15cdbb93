// What the checks of a GGUF file cost beside loading it: load_bench MODEL... [rounds]
// The best of `rounds` (20) of each step, the file in the page cache. "unchecked" reads the same header into
// the same kinds of values and believes every byte; "checks" is what stands between a file and its being
// believed: what opening takes beyond that, and the vocabulary's fields checked.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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

// Values that are read are written here, so that reading is not left out.
struct Sink {
    std::vector<std::string> strings;
    std::vector<std::vector<std::int64_t>> integers;
    std::vector<std::vector<double>> reals;
};

// Reads a header of GGUF v2 or v3 and checks nothing.
class Unchecked {
  public:
    explicit Unchecked(const std::byte* at) : at_(at) {}

    void read(Sink& out) {
        at_ += 8;
        const auto tensors = take<std::uint64_t>(), keys = take<std::uint64_t>();
        for (std::uint64_t i = 0; i < keys; ++i) {
            out.strings.push_back(text());
            value(take<std::uint32_t>(), out);
        }
        for (std::uint64_t i = 0; i < tensors; ++i) {
            out.strings.push_back(text());
            at_ += take<std::uint32_t>() * 8 + 12;
        }
    }

  private:
    template <class T>
    T take() {
        T value;
        std::memcpy(&value, at_, sizeof value);
        at_ += sizeof value;
        return value;
    }
    std::string text() {
        const auto size = take<std::uint64_t>();
        std::string out(reinterpret_cast<const char*>(at_), size);
        at_ += size;
        return out;
    }
    template <class T, class Out>
    void numbers(std::uint64_t count, std::vector<std::vector<Out>>& out) {
        auto& values = out.emplace_back(count);
        for (auto& v : values) v = static_cast<Out>(take<T>());
    }
    void value(std::uint32_t type, Sink& out, std::uint64_t count = 1) {
        switch (type) {
            case 0:
            case 7: return numbers<std::uint8_t>(count, out.integers);
            case 1: return numbers<std::int8_t>(count, out.integers);
            case 2: return numbers<std::uint16_t>(count, out.integers);
            case 3: return numbers<std::int16_t>(count, out.integers);
            case 4: return numbers<std::uint32_t>(count, out.integers);
            case 5: return numbers<std::int32_t>(count, out.integers);
            case 6: return numbers<float>(count, out.reals);
            case 8:
                out.strings.reserve(out.strings.size() + count);
                for (std::uint64_t i = 0; i < count; ++i) out.strings.push_back(text());
                return;
            case 9: {
                const auto element = take<std::uint32_t>();
                return value(element, out, take<std::uint64_t>());
            }
            case 10: return numbers<std::uint64_t>(count, out.integers);
            case 11: return numbers<std::int64_t>(count, out.integers);
            default: return numbers<double>(count, out.reals);
        }
    }

    const std::byte* at_;
};

void read_unchecked(const std::string& path) {
    const auto bytes = open_file(path, FileAccess::map);
    Sink sink;
    Unchecked(bytes->bytes().data()).read(sink);
}

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
    const double plain = best_milliseconds(rounds, [&] { read_unchecked(path); });
    const double open = best_milliseconds(rounds, [&] { format::open_model(path, FileAccess::map); });
    const double network = best_milliseconds(rounds, [&] { model::read_model(file); });
    const double fields = best_milliseconds(rounds, [&] { read_vocabulary(file); });
    std::printf("%s\n", path.c_str());
    print("Model::load", whole, whole);
    print("header, unchecked", plain, whole);
    print("header, read and checked", open, whole);
    print("read_model", network, whole);
    print("read_vocabulary", fields, whole);
    if (!vocabulary) return print("checks", open - plain, whole);
    const double valid = best_milliseconds(rounds, [&] { text::validate(*vocabulary); });
    print("  of which validate", valid, whole);
    print("build the tokenizer",
          best_milliseconds(std::max(3, rounds / 4), [&] { text::Tokenizer{*vocabulary}; }), whole);
    print("checks", open - plain + valid, whole);
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
