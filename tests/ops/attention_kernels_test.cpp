// The kernels for many rows of every instruction set, and those on matrix units emulated, against the kernel
// for rows alone, which attention_test compares with the reference.
#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <functional>
#include <numeric>

#include "base/half.hpp"
#include "cpu/isa.hpp"
#include "cpu/kernels/attend_prefill.hpp"
#include "cpu/kernels/float_kernels.hpp"
#include "cpu/kernels/vector_scalar.hpp"
#include "support/emulated_tiles.hpp"
#include "support/linear_case.hpp"
#include "support/op_case.hpp"

using namespace lamina;
using namespace lamina::cpu;

namespace {

struct Level {
    std::string name;
    AttendKernel kernel;
    AttendKernel alone;  // has the same bits; null: other ones
    double tolerance;
};

constexpr double exact = 1e-5, of_bf16 = 6e-3;

std::vector<Level> find_levels() {
    const auto plain = [](const std::string& name, const FloatKernels& kernels) {
        return Level{name, kernels.attend_prefill, nullptr, exact};
    };
    const auto same = [](const std::string& name, const FloatKernels& kernels) {
        return Level{name + " as alone", kernels.attend_prefill_as_decode, kernels.attend, exact};
    };
    std::vector<Level> out = {
        plain("scalar", float_kernels_scalar),
        same("scalar", float_kernels_scalar),
        {"emulated tiles", AttendPrefill<VectorScalar, PairProducts<VectorScalar, EmulatedPairs>>::attend,
         nullptr, of_bf16}};
    const std::pair<Isa, Level> more[] = {
        {Isa::avx2, plain("avx2", float_kernels_avx2)},
        {Isa::avx2, same("avx2", float_kernels_avx2)},
        {Isa::avx512_vnni, plain("avx512_vnni", float_kernels_avx512)},
        {Isa::avx512_vnni, same("avx512_vnni", float_kernels_avx512)},
        {Isa::avx512_bf16, {"avx512_bf16", attend_pairs_avx512, nullptr, of_bf16}},
        {Isa::amx, {"amx", attend_pairs_amx, nullptr, of_bf16}}};
    for (const auto& [isa, level] : more) {
        if (usable(isa, detected().back())) {
            out.push_back(level);
        } else {
            WARN("not tested, this machine lacks it: " << level.name);
        }
    }
    return out;
}

const std::vector<Level>& levels() {
    static const std::vector<Level> found = find_levels();
    return found;
}

struct Shape {
    std::size_t tokens, heads, first_position;
    std::size_t key_dim = 64, value_dim = 64, window = 0;
    AttendType type = AttendType::f16;
    float softcap = 0.0f;
    bool sinks = false;
    bool shared = false;  // values are the first of the keys
};

std::size_t row_bytes(AttendType type, std::size_t dim) {
    switch (type) {
        case AttendType::f32: return dim * 4;
        case AttendType::q8_0: return (dim + 31) / 32 * 34;
        default: return dim * 2;
    }
}

// A sequence's pages, in no order, NaN where no token lies, and a block's queries.
class Case {
  public:
    explicit Case(const Shape& shape) : shape_(shape) {
        block_.tokens = shape.tokens;
        block_.heads = shape.heads;
        block_.first_position = shape.first_position;
        block_.type = shape.type;
        block_.key_dim = shape.key_dim;
        block_.value_dim = shape.value_dim;
        block_.window = shape.window;
        block_.scale = 1.0f / std::sqrt(static_cast<float>(shape.key_dim));
        block_.softcap = shape.softcap;
        block_.query_stride = (shape.heads + 1) * shape.key_dim;
        block_.out_stride = (shape.heads + 1) * shape.value_dim;
        const std::size_t past = shape.first_position + shape.tokens,
                          pages = (past + attend_page - 1) / attend_page;
        block_.last_span = (past - 1) / attend_span + 1;
        if (shape.window != 0 && shape.first_position >= shape.window)
            block_.first_span = (shape.first_position - shape.window + 1) / attend_span;
        pages_.resize(pages);
        std::iota(pages_.rbegin(), pages_.rend(), 0);
        block_.pages = pages_.data();
        keys_ = fill(past, shape.key_dim, block_.key_stride);
        values_ = fill(past, shape.value_dim, block_.value_stride);
        query_ = normals(shape.tokens * block_.query_stride, 2.0f);
        sinks_ = normals(shape.heads, 1.0f);
    }

    std::vector<float> run(AttendKernel kernel) {
        AttendBlock b = block_;
        std::vector<float> out(shape_.tokens * b.out_stride, -7.0f);
        const std::size_t bytes = attend_scratch_floats(b.key_dim, b.value_dim) * sizeof(float);
        test::AlignedBytes scratch(bytes);
        std::memset(scratch.data(), 0xFF, bytes);
        b.scratch = reinterpret_cast<float*>(scratch.data());
        b.query = query_.data();
        b.out = out.data();
        b.sinks = shape_.sinks ? sinks_.data() : nullptr;
        std::vector<unsigned char> cache(keys_);
        cache.insert(cache.end(), values_.begin(), values_.end());
        b.keys = cache.data();
        b.values = cache.data() + (shape_.shared ? 0 : keys_.size());
        if (shape_.shared) b.value_stride = b.key_stride;
        b.page_stride = attend_page * std::max(b.key_stride, b.value_stride);
        kernel(b);
        return out;
    }

  private:
    std::vector<unsigned char> fill(std::size_t past, std::size_t dim, std::size_t& stride) {
        stride = row_bytes(shape_.type, dim);
        const std::size_t widest = std::max(shape_.key_dim, shape_.value_dim),
                          page = attend_page * row_bytes(shape_.type, widest);
        std::vector<unsigned char> bytes(pages_.size() * page, 0xFF);
        for (std::size_t t = 0; t < past; ++t) {
            unsigned char* row = bytes.data() + static_cast<std::size_t>(pages_[t / attend_page]) * page +
                                 t % attend_page * stride;
            std::vector<float> x = normals((dim + 31) / 32 * 32, 1.0f);
            switch (shape_.type) {
                case AttendType::f32: std::memcpy(row, x.data(), dim * 4); break;
                case AttendType::f16:
                    for (std::size_t i = 0; i < dim; ++i) put(row + 2 * i, f32_to_f16(x[i]));
                    break;
                case AttendType::bf16:
                    for (std::size_t i = 0; i < dim; ++i) put(row + 2 * i, f32_to_bf16(x[i]));
                    break;
                case AttendType::q8_0:
                    for (std::size_t i = 0; i < dim; i += 32, row += 34) {
                        put(row, f32_to_f16(0.02f));
                        for (std::size_t j = 0; j < 32; ++j)
                            row[2 + j] = static_cast<unsigned char>(
                                static_cast<signed char>(i + j < dim ? std::lround(x[i + j] * 30.0f) : 0));
                    }
                    break;
            }
        }
        return bytes;
    }
    std::vector<float> normals(std::size_t count, float deviation) {
        std::vector<float> out(count);
        for (float& x : out) x = random_.normal(deviation);
        return out;
    }
    static void put(unsigned char* at, std::uint16_t bits) { std::memcpy(at, &bits, sizeof bits); }

    Shape shape_;
    AttendBlock block_;
    test::Random random_{7};
    std::vector<std::int32_t> pages_;
    std::vector<unsigned char> keys_, values_;
    std::vector<float> query_, sinks_;
};

void compare(const Shape& s) {
    Case c(s);
    const auto expected = c.run(float_kernels_scalar.attend);
    for (const Level& level : levels()) {
        INFO(level.name << ": " << s.tokens << " tokens, " << s.heads << " heads from " << s.first_position
                        << ", " << s.key_dim << "/" << s.value_dim << ", type " << static_cast<int>(s.type)
                        << ", window " << s.window);
        const auto got = c.run(level.kernel);
        CHECK(test::relative_error(got, expected) <= level.tolerance);
        if (level.alone != nullptr) CHECK(test::same_bits(got, c.run(level.alone)));
    }
}

}  // namespace

TEST_CASE("attention of many rows: blocks of 1 to 32 rows", "[attention]") {
    for (const auto& [tokens, heads] : std::initializer_list<std::pair<std::size_t, std::size_t>>{
             {2, 1}, {1, 3}, {7, 1}, {8, 1}, {3, 3}, {16, 1}, {17, 1}, {6, 4}, {10, 3}, {2, 16}, {8, 4}}) {
        for (const std::size_t first : {0u, 5u, 31u, 40u, 250u, 511u}) compare({tokens, heads, first});
    }
}

TEST_CASE("attention of many rows: head sizes and cache types", "[attention]") {
    for (const AttendType type : {AttendType::f32, AttendType::f16, AttendType::bf16, AttendType::q8_0}) {
        for (const auto& [key, value] :
             std::initializer_list<std::pair<std::size_t, std::size_t>>{{16, 16},
                                                                        {48, 48},
                                                                        {64, 64},
                                                                        {80, 80},
                                                                        {128, 128},
                                                                        {256, 256},
                                                                        {24, 40},
                                                                        {7, 5},
                                                                        {96, 32}}) {
            compare({9, 3, 70, key, value, 0, type});
        }
    }
}

TEST_CASE("attention of many rows: values that are part of the keys", "[attention]") {
    for (const AttendType type : {AttendType::f32, AttendType::f16, AttendType::q8_0})
        compare({.tokens = 5,
                 .heads = 4,
                 .first_position = 60,
                 .key_dim = 96,
                 .value_dim = 64,
                 .type = type,
                 .shared = true});
}

TEST_CASE("attention of many rows: windows, soft caps and sinks", "[attention]") {
    for (const std::size_t window : {1u, 3u, 20u, 32u, 33u, 100u}) {
        for (const std::size_t first : {0u, 30u, 290u}) {
            compare({8, 4, first, 64, 64, window, AttendType::f32, 0.0f, true});
            compare({12, 2, first, 32, 32, window, AttendType::f16, 20.0f, false});
        }
    }
}
