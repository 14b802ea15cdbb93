// The program of every tiny model, as text: what lower.cpp and numerics.cpp make of it.
// A change that is meant: `lamina plan MODEL --ops > tests/data/programs/NAME.txt`, and read the difference.
#include "plan/program_text.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "backend/device.hpp"
#include "format/model_file.hpp"
#include "model/model.hpp"
#include "plan/plan.hpp"

using namespace lamina;

namespace {

const std::filesystem::path data = LAMINA_TEST_DATA;

std::string read(const std::filesystem::path& path) {
    std::ifstream in(path);
    REQUIRE(in);
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
}

plan::Plan plan_of(const std::string& path) {
    const auto file = format::open_model(path, FileAccess::map);
    const auto& backend = backend::find_backend("cpu");
    return plan::make_plan(model::read_model(file), backend, backend.devices().front(), {}, {});
}

}  // namespace

TEST_CASE("program text: of every tiny model, as it is stored") {
    std::size_t models = 0;
    for (const auto& entry : std::filesystem::directory_iterator(data / "tiny")) {
        if (entry.path().extension() != ".gguf") continue;
        ++models;
        CAPTURE(entry.path().stem().string());
        const auto made = plan_of(entry.path().string());
        const auto stored = read(data / "programs" / (entry.path().stem().string() + ".txt"));
        CHECK(plan::to_text(made.program, backend::find_backend("cpu").layout_name) == stored);
        CHECK(made.summary.ops == stored);
    }
    CHECK(models >= 18);
    const auto stored = std::filesystem::directory_iterator(data / "programs");
    CHECK(static_cast<std::size_t>(std::distance(begin(stored), end(stored))) == models);
}

TEST_CASE("program text: layers that differ are written apart") {
    const auto text = plan_of((data / "tiny/gemma3.gguf").string()).summary.ops;
    CHECK(text.find("layers 0 to 4, each") != std::string::npos);
    CHECK(text.find("layer 5\n") != std::string::npos);
}

TEST_CASE("plan: weights know their tensor, layer and role") {
    const auto file = format::open_model((data / "tiny/phi3.gguf").string(), FileAccess::map);
    const auto made = plan_of((data / "tiny/phi3.gguf").string());
    const auto& weights = made.program.weights;
    REQUIRE(weights.size() == made.sources.size());
    for (std::size_t i = 0; i < weights.size(); ++i)
        CHECK(file.tensors[made.sources[i].tensor].name == weights[i].name);
    const auto find = [&](std::uint32_t layer, std::string_view role) {
        const auto at = std::find_if(weights.begin(), weights.end(),
                                     [&](const auto& w) { return w.layer == layer && w.role == role; });
        REQUIRE(at != weights.end());
        return static_cast<std::size_t>(at - weights.begin());
    };
    // Slices of one tensor, in roles of their own.
    const auto query = find(1, "attn_q"), value = find(1, "attn_v");
    CHECK(weights[query].name == "blk.1.attn_qkv.weight");
    CHECK(made.sources[query].tensor == made.sources[value].tensor);
    CHECK(made.sources[query].first_element < made.sources[value].first_element);
    CHECK(find(no_layer, "token_embd") == 0);
}
