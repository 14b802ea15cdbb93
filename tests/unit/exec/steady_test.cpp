// A steady decode step allocates nothing and forks once: a program of its own, since it counts operator new.
#include <catch2/catch.hpp>
#include <thread>

#include "golden/quantized_file.hpp"
#include "golden/tiny_case.hpp"
#include "support/allocations.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina;

namespace {

constexpr std::uint32_t sequences = 5;

// Sequences that have their prompts and are fed a token each by a step.
class Decode {
  public:
    Decode(const Model& model, const test::TinyReference& reference) : session_(model) {
        for (std::uint32_t i = 0; i < sequences; ++i) {
            const auto id = session_.open();
            const SequenceTokens prompt{id, reference.row(0).first(i + 1), WantedLogits::last};
            session_.forward({&prompt, 1}, [](std::size_t, std::size_t, std::span<const float>) {});
            items_.push_back({id, {&token_, 1}, WantedLogits::last});
        }
    }
    void step() {
        const auto before = rows_;
        session_.forward(items_, [this](std::size_t, std::size_t, std::span<const float> logits) {
            rows_ += !logits.empty();
        });
        REQUIRE(rows_ == before + sequences);
    }

  private:
    Session session_;
    std::vector<SequenceTokens> items_;
    TokenId token_ = 1;
    std::size_t rows_ = 0;
};

// The tiny models with weights as they are and quantized.
template <class Check>
void for_each_model(const Check& check) {
    const test::TemporaryDirectory directory;
    for (const auto& name : test::tiny_models) {
        const test::TinyReference reference(name);
        const auto file = test::tiny_folder + name + ".gguf", quantized = directory / (name + ".gguf");
        test::write_quantized(file, DType::q4_0, quantized);
        for (const auto& path : {file, quantized}) {
            CAPTURE(path);
            check(path, reference);
        }
    }
}

const ModelOptions options{.context = 64, .sequences = sequences, .backend = "cpu", .threads = 2};

}  // namespace

TEST_CASE("the step: steady decode allocates nothing") {
    for_each_model([](const std::string& path, const test::TinyReference& reference) {
        const auto model = Model::load(path, options);
        Decode decode(model, reference);
        for (int i = 0; i < 2; ++i) decode.step();
        const auto before = test::allocations();
        for (int i = 0; i < 20; ++i) decode.step();  // over the ends of pages
        CHECK(test::allocations() - before == 0);
    });
}

TEST_CASE("the step: a decode step forks once") {
    for_each_model([](const std::string& path, const test::TinyReference& reference) {
        int forks = 0;
        auto counted = options;
        counted.host_threads = [&forks](int count, const std::function<void(int)>& body) {
            ++forks;
            std::vector<std::jthread> others;
            for (int i = 1; i < count; ++i) others.emplace_back([&body, i] { body(i); });
            body(0);
        };
        const auto model = Model::load(path, counted);
        Decode decode(model, reference);
        decode.step();
        const int before = forks;
        for (int i = 0; i < 5; ++i) decode.step();
        CHECK(forks - before == 5);
    });
}
