// What a host relies on: forward MODEL.gguf REFERENCE.safetensors. One line a fault, status 1.
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <lamina/lamina.hpp>
#include <thread>

namespace {

int faults = 0;

void check(bool good, const std::string& what) {
    if (good) return;
    std::cout << "fault: " << what << '\n';
    ++faults;
}

void check_threads(std::ptrdiff_t expected, const std::string& when) {
    const auto now = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}); };
    auto threads = now();
    // The system lists a joined thread for a moment longer.
    for (int i = 0; i < 10'000 && threads > expected; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        threads = now();
    }
    check(threads == expected,
          std::to_string(threads) + " threads " + when + ", not " + std::to_string(expected));
}

void check_version() {
    const std::string parts = std::to_string(LAMINA_VERSION_MAJOR) + '.' +
                              std::to_string(LAMINA_VERSION_MINOR) + '.' +
                              std::to_string(LAMINA_VERSION_PATCH);
    check(parts == LAMINA_VERSION_STRING, parts + " is not " LAMINA_VERSION_STRING);
    check(lamina::version() == LAMINA_VERSION_STRING, "the library is of another version than the header");
}

void check_error() {
    try {
        lamina::Model::load("no/such/model.gguf");
        check(false, "a file that is not there loads");
    } catch (const lamina::Error& error) {
        check(error.code() == lamina::ErrorCode::io,
              "the error's code is " + std::string(to_string(error.code())));
        check(std::string(error.what()).find("no/such/model.gguf") != std::string::npos,
              "the error does not name the file: " + std::string(error.what()));
    }
}

// ||logits - reference|| / ||reference|| over the first row of the reference.
double difference(const lamina::Model& model, const lamina::TensorFile& reference) {
    const auto tokens = reference.i32("tokens");
    const auto wanted = reference.f32("logits");
    const auto length = static_cast<std::size_t>(reference.shape("tokens")[1]);
    lamina::Session session(model);
    const lamina::SequenceTokens item{session.open(), std::span(tokens).first(length),
                                      lamina::WantedLogits::all};
    double apart = 0, size = 0;
    std::size_t seen = 0;
    session.forward({&item, 1}, [&](std::size_t, std::size_t token, std::span<const float> logits) {
        for (std::size_t i = 0; i < logits.size(); ++i, ++seen) {
            const double want = double{wanted[token * logits.size() + i]};
            apart += std::pow(double{logits[i]} - want, 2);
            size += std::pow(want, 2);
        }
    });
    check(seen > 0 && seen % length == 0, "the forward gave " + std::to_string(seen) + " logits");
    return std::sqrt(apart / size);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return std::cerr << "usage: forward MODEL REFERENCE\n", 2;
    check_version();
    check_threads(1, "before the library was called");
    check_error();
    check(!lamina::devices().empty(), "there is no device");
    check(lamina::inspect(argv[1]).layers > 0, "the file has no layers");
    check(lamina::make_plan(argv[1]).total_bytes() > 0, "the plan is empty");
    check_threads(1, "after planning");
    const auto reference = lamina::TensorFile::read(argv[2]);
    {
        const auto idle = lamina::Model::load(argv[1]);
        check_threads(1, "after loading");
    }
    check(difference(lamina::Model::load(argv[1]), reference) <= 1e-3,
          "the logits are not those of the reference");
    return faults == 0 ? 0 : 1;
}
