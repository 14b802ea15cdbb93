// Threads that cannot be started: this program's own pthread_create stands before the system's.
#include <dlfcn.h>
#include <pthread.h>

#include <catch2/catch.hpp>
#include <cerrno>

#include "failing_model.hpp"

namespace {

int threads_left = -1;  // that can be started; -1: all

}  // namespace

// Visible, since it is the C++ library that calls it.
extern "C" __attribute__((visibility("default"))) int pthread_create(pthread_t* thread,
                                                                     const pthread_attr_t* attributes,
                                                                     void* (*start)(void*), void* argument) {
    if (threads_left == 0) return EAGAIN;
    if (threads_left > 0) --threads_left;
    static const auto real = reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
    return real(thread, attributes, start, argument);
}

using namespace lamina;
using namespace lamina::test;

namespace {

constexpr int threads = 4;

// Runs the call with only some threads to be had; it must fail and say so.
template <class Call>
void expect_no_threads(int left, Call&& call) {
    threads_left = left;
    try {
        call();
        threads_left = -1;
        FAIL("no error was thrown");
    } catch (const Error& error) {
        threads_left = -1;
        INFO(error.what());
        CHECK(to_string(error.code()) == "out_of_memory");
        CHECK(std::string(error.what()).find("expected 4 threads, found " + std::to_string(left + 1)) !=
              std::string::npos);
    }
}

}  // namespace

TEST_CASE("failing machine: threads that cannot be started fail the load, and the next load works") {
    const FailingModel file;
    const auto options = FailingModel::options("cpu", LoadMode::map, threads);
    const auto expected = some_logits(Model::load(file.path, options));
    for (int left = 0; left < threads - 1; ++left) {
        expect_no_threads(left, [&] { Model::load(file.path, options); });
        CHECK(some_logits(Model::load(file.path, options)) == expected);
    }
}

TEST_CASE("failing machine: threads that cannot be started fail the step, and the next step works") {
    const FailingModel file(DType::f16);  // nothing to pack: loading starts no thread
    const auto options = FailingModel::options("cpu", LoadMode::map, threads);
    const auto expected = some_logits(Model::load(file.path, options));
    for (int left = 0; left < threads - 1; ++left) {
        const auto model = Model::load(file.path, options);  // starts none
        expect_no_threads(left, [&] { some_logits(model); });
        CHECK(conserves_pages(model));
        CHECK(some_logits(model) == expected);

        const auto other = Model::load(file.path, options);
        Engine engine(other);
        Request request;
        request.tokens = {1, 2, 3};
        request.max_tokens = 4;
        request.sampling = SamplingParams::greedy();
        auto failing = engine.submit(request);
        auto next = engine.submit(request);
        expect_no_threads(left, [&] { failing.text(); });
        CHECK(failing.finish_reason() == FinishReason::failed);
        CHECK(next.tokens().empty());
        next.wait();
        CHECK(next.finish_reason() == FinishReason::max_tokens);
        CHECK(conserves_pages(other));
    }
}
