#include <catch2/catch.hpp>
#include <set>

#include "base/dtype.hpp"

using namespace lamina;

TEST_CASE("every dtype has a name of its own that finds it again") {
    std::set<std::string_view> names;
    for (int i = 0; i < dtype_count; ++i) {
        const auto type = static_cast<DType>(i);
        CAPTURE(info(type).name);
        CHECK_FALSE(info(type).name.empty());
        CHECK(names.insert(info(type).name).second);
        CHECK(dtype_from_name(info(type).name) == type);
        CHECK(info(type).block_size >= 1);
        CHECK(info(type).block_bytes >= 1);
    }
    CHECK_FALSE(dtype_from_name("q4_k"));
    CHECK_FALSE(dtype_from_name(""));
}

TEST_CASE("row bytes count blocks first") {
    CHECK(row_bytes(DType::f32, 10) == 40);
    CHECK(row_bytes(DType::q4_0, 64) == 36);
    CHECK(row_bytes(DType::q6_k, 512) == 420);
    // elements * 18 would wrap.
    CHECK(row_bytes(DType::q4_0, 5124095576030431008u) == 2882303761517117442u);
}

TEST_CASE("kinds of dtypes") {
    CHECK(is_float(DType::f32));
    CHECK(is_float(DType::bf16));
    CHECK_FALSE(is_float(DType::f64));
    CHECK_FALSE(is_float(DType::q8_0));
    CHECK(is_quantized(DType::nvfp4));
    CHECK_FALSE(is_quantized(DType::i64));
}
