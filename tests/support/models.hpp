// Where the real models lie that tests/run.sh fetches.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace lamina::test {

// The directory is LAMINA_TEST_MODELS from the environment, else the build's own.
inline std::string model_path(const std::string& file) {
    const char* given = std::getenv("LAMINA_TEST_MODELS");
    const auto path = std::filesystem::path(given ? given : LAMINA_TEST_MODELS_DEFAULT) / file;
    if (!std::filesystem::exists(path)) FAIL(path.string() << " is missing: tests/run.sh fetches it");
    return path.string();
}

}  // namespace lamina::test
