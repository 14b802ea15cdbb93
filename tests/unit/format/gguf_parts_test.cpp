#include <catch2/catch.hpp>
#include <cstring>

#include "gguf_cases.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_directory.hpp"

using namespace lamina;
using namespace lamina::test;
using format::open_model;

namespace {

void rename(const std::string& from, const std::string& to) { std::filesystem::rename(from, to); }

}  // namespace

TEST_CASE("GGUF in parts: any part opens them all, mapped or read") {
    const auto access = GENERATE(FileAccess::map, FileAccess::read);
    TemporaryDirectory folder;
    const auto whole = parse(small_model());
    const auto paths = small_model().write_parts(folder / "m", 3);
    for (const auto& path : paths) {
        const auto model = open_model(path, access);
        REQUIRE(model.files.size() == 3);
        for (std::size_t i = 0; i < 3; ++i) CHECK(model.files[i].path == paths[i]);
        CHECK(model.need_string("general.architecture") == "llama");
        REQUIRE(model.tensors.size() == whole.tensors.size());
        for (std::size_t i = 0; i < whole.tensors.size(); ++i) {
            const auto& a = model.tensors[i];
            const auto& b = whole.tensors[i];
            CHECK(a.name == b.name);
            CHECK(a.shape == b.shape);
            CHECK(a.file == i / 2);
            REQUIRE(a.bytes.size() == b.bytes.size());
            CHECK(std::memcmp(a.bytes.data(), b.bytes.data(), b.bytes.size()) == 0);
            const auto in_file = model.files[a.file].bytes->bytes().subspan(a.offset, a.bytes.size());
            CHECK(in_file.data() == a.bytes.data());
        }
        CHECK(model.find("fourth") == &model.tensors[3]);
    }
}

TEST_CASE("GGUF in parts: a missing part is named") {
    TemporaryDirectory folder;
    const auto paths = small_model().write_parts(folder / "m", 3);
    std::filesystem::remove(paths[1]);
    for (const auto& given : {paths[0], paths[2]}) {
        expect_error(ErrorCode::io, {paths[1], "part 2 of 3", "no such file"},
                     [&] { open_model(given, FileAccess::map); });
    }
}

TEST_CASE("GGUF in parts: a part under another name is refused") {
    TemporaryDirectory folder;
    const auto paths = small_model().write_parts(folder / "m", 3);
    rename(paths[0], folder / "renamed.gguf");
    expect_error(ErrorCode::bad_file, {"renamed.gguf", "-00001-of-00003.gguf"},
                 [&] { open_model(folder / "renamed.gguf", FileAccess::map); });
    // Two parts that changed places.
    rename(paths[1], paths[0]);
    rename(paths[2], paths[1]);
    expect_error(ErrorCode::bad_file, {paths[0], "-00002-of-00003.gguf"},
                 [&] { open_model(paths[0], FileAccess::map); });
}

TEST_CASE("GGUF in parts: parts must agree with each other") {
    TemporaryDirectory folder;
    const auto paths = small_model().write_parts(folder / "m", 2);
    const auto second = [&](auto change) {
        GgufWriter part = small_model().part_of(1, 2);
        change(part);
        part.write(paths[1]);
    };
    const auto open = [&] { open_model(paths[0], FileAccess::map); };
    open();
    second([](GgufWriter& w) { w.remove("split.no").set("split.no", std::uint16_t{0}); });
    expect_error(ErrorCode::bad_file, {paths[1], "split.no", "expected 1, found 0"}, open);
    second([](GgufWriter& w) { w.remove("split.count").set("split.count", std::uint16_t{3}); });
    expect_error(ErrorCode::bad_file, {paths[1], "split.count", "expected 2, found 3"}, open);
    second([](GgufWriter& w) { w.remove("split.count"); });
    expect_error(ErrorCode::bad_file, {paths[1], "split.count", "a model in one file"}, open);
    second(
        [](GgufWriter& w) { w.remove("split.tensors.count").set("split.tensors.count", std::int32_t{5}); });
    expect_error(ErrorCode::bad_file, {paths[1], "split.tensors.count", "expected 4, found 5"}, open);
    second([](GgufWriter& w) { w.remove("split.tensors.count"); });
    expect_error(ErrorCode::bad_file, {paths[1], "split.tensors.count", "no such key"}, open);
    second([](GgufWriter& w) { w.remove_tensor("third"); });
    expect_error(ErrorCode::bad_file, {paths[0], "split.tensors.count", "4 tensors in all parts", "found 3"},
                 open);
    second(
        [](GgufWriter& w) { w.remove_tensor("third").tensor("first", DType::i8, {1}, counting_bytes(1)); });
    expect_error(ErrorCode::bad_file, {"'first'", "one tensor of this name"}, open);
    second([](GgufWriter& w) { w.tensor("more", DType::i8, {1}, counting_bytes(1)); });
    expect_error(ErrorCode::bad_file, {"split.tensors.count", "found 5"}, open);
}

TEST_CASE("GGUF in parts: a part that is no GGUF file is named") {
    TemporaryDirectory folder;
    const auto paths = small_model().write_parts(folder / "m", 2);
    folder.file("m-00002-of-00002.gguf", "not a model");
    expect_error(ErrorCode::bad_file, {paths[1]}, [&] { open_model(paths[0], FileAccess::map); });
    folder.file("m-00002-of-00002.gguf", "");
    expect_error(ErrorCode::io, {paths[1], "part 2 of 2", "empty"},
                 [&] { open_model(paths[0], FileAccess::map); });
}

TEST_CASE("GGUF in parts: keys with impossible values are refused") {
    TemporaryDirectory folder;
    const auto path = folder / "m-00001-of-00002.gguf";
    const auto with = [&](auto change) {
        GgufWriter part = small_model().part_of(0, 2);
        change(part);
        part.write(path);
    };
    const auto open = [&] { open_model(path, FileAccess::map); };
    with([](GgufWriter& w) { w.remove("split.no").set("split.no", std::uint16_t{2}); });
    expect_error(ErrorCode::bad_file, {"split.no", "from 0 to 1"}, open);
    with([](GgufWriter& w) { w.remove("split.no").set("split.no", std::int16_t{-1}); });
    expect_error(ErrorCode::bad_file, {"split.no", "found the integer -1"}, open);
    with([](GgufWriter& w) { w.remove("split.count").set("split.count", std::uint32_t{65536}); });
    expect_error(ErrorCode::bad_file, {"split.count"}, open);
    with([](GgufWriter& w) { w.remove("split.count").set("split.count", "2"); });
    expect_error(ErrorCode::bad_file, {"split.count", "found the string '2'"}, open);
    with([](GgufWriter& w) { w.remove("split.tensors.count").set("split.tensors.count", std::int32_t{-1}); });
    expect_error(ErrorCode::bad_file, {"split.tensors.count"}, open);
}

TEST_CASE("GGUF that says it is one part of one opens under any name") {
    TemporaryDirectory folder;
    small_model().part_of(0, 1).write(folder / "any.gguf");
    CHECK(open_model(folder / "any.gguf", FileAccess::map).tensors.size() == 4);
}
