// Reads a model from a file that a test wrote.
#pragma once

#include <catch2/catch.hpp>
#include <stdexcept>

#include "lamina/error.hpp"
#include "model/architecture.hpp"
#include "model/model.hpp"
#include "model/rope.hpp"
#include "support/temporary_directory.hpp"
#include "support/tiny_model.hpp"

namespace lamina::test {

struct LoadedModel {
    format::ModelFile file;
    model::Model model;
};

inline LoadedModel load(const GgufWriter& writer) {
    const TemporaryDirectory directory;
    const auto path = directory / "model.gguf";
    writer.write(path);
    LoadedModel out{format::open_model(path, FileAccess::read), {}};
    out.model = model::read_model(out.file);
    return out;
}

// The error that reading the model gives; fails the test where there is none.
inline Error error_of(const GgufWriter& writer) {
    try {
        load(writer);
    } catch (const Error& error) { return error; }
    FAIL("expected an error");
    throw std::logic_error("not reached");
}

}  // namespace lamina::test
