// libFuzzer's custom mutator for GGUF files: changes counts, types, lengths, names, offsets, dimensions and
// values as fields, and puts offsets and data in order again half of the time, so that what lies behind the
// checks is reached.
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <random>
#include <utility>

#include "fuzz/gguf_image.hpp"
#include "fuzz/gguf_names.hpp"
#include "fuzz/json_mutator.hpp"

namespace lamina::fuzz {
namespace {

constexpr std::array<std::uint64_t, 34> edges = {0,
                                                 1,
                                                 2,
                                                 3,
                                                 4,
                                                 5,
                                                 7,
                                                 8,
                                                 15,
                                                 16,
                                                 31,
                                                 32,
                                                 33,
                                                 63,
                                                 64,
                                                 127,
                                                 128,
                                                 255,
                                                 256,
                                                 4095,
                                                 4096,
                                                 65535,
                                                 65536,
                                                 1u << 20,
                                                 1u << 22,
                                                 0x7FFFFFFF,
                                                 0x80000000,
                                                 0xFFFFFFFF,
                                                 std::uint64_t{1} << 32,
                                                 std::uint64_t{1} << 53,
                                                 std::numeric_limits<std::uint64_t>::max() / 2,
                                                 std::uint64_t{1} << 63,
                                                 ~std::uint64_t{31},
                                                 ~std::uint64_t{0}};

class GgufMutator {
  public:
    GgufMutator(GgufFile& file, std::size_t max_size, unsigned seed)
        : file_(file), max_size_(max_size), random_(seed) {}

    void change() {
        const auto what = below(16);
        if (what < 2) return change_header();
        if (what < 7 && !file_.pairs.empty()) return change_pair();
        if (what < 8) return add_pair();
        if (what < 13 && !file_.tensors.empty()) return change_tensor();
        if (what < 14) return add_tensor();
        change_data();
    }

    // The other file's pairs or tensors, or one of them.
    void cross(const GgufFile& other) {
        if (!other.pairs.empty() && below(2) == 0) {
            file_.pairs.push_back(other.pairs[below(other.pairs.size())]);
        } else if (!other.tensors.empty() && below(2) == 0) {
            file_.tensors.push_back(other.tensors[below(other.tensors.size())]);
        } else if (below(2) == 0) {
            file_.pairs = other.pairs;
        } else {
            file_.tensors = other.tensors;
            file_.rest = other.rest;
        }
    }

  private:
    std::size_t below(std::size_t limit) { return random_() % limit; }
    bool often() { return below(4) != 0; }

    template <class List>
    auto& one_of(List& list) {
        return list[below(list.size())];
    }

    std::uint64_t near(std::uint64_t value) {
        const std::array<std::uint64_t, 8> out = {value + 1,  value - 1,  value * 2,     value / 2,
                                                  value + 32, value - 32, one_of(edges), random_()};
        return one_of(out);
    }

    void change_header() {
        switch (below(8)) {
            case 0: file_.magic ^= 1u << below(32); break;
            case 1: file_.version = static_cast<std::uint32_t>(near(file_.version)); break;
            case 2: file_.tensor_count = near(file_.tensors.size()); break;
            case 3: file_.pair_count = near(file_.pairs.size()); break;
            case 4: std::shuffle(file_.pairs.begin(), file_.pairs.end(), random_); break;
            case 5: std::shuffle(file_.tensors.begin(), file_.tensors.end(), random_); break;
            case 6: set_alignment(); break;
            default: file_.version = 2 + static_cast<std::uint32_t>(below(2)); break;
        }
    }

    void set_alignment() {
        const std::uint64_t value = often() ? std::uint64_t{1} << below(18) : near(32);
        file_.pairs.push_back({{"general.alignment"}, 4, scalar(value, 4)});
        put_in_order();
    }

    void change_text(GgufText& text) {
        switch (below(4)) {
            case 0: text.length = near(text.text.size()); break;
            case 1: text.length.reset(); break;
            default: text.text = mutate_bytes(text.text, text.text.size() + 24); break;
        }
    }

    void change_pair() {
        auto& pair = one_of(file_.pairs);
        switch (below(10)) {
            case 0:
                std::swap(pair, file_.pairs.back());
                file_.pairs.pop_back();
                break;
            case 1: file_.pairs.push_back(GgufPair(pair)); break;
            case 2: change_text(pair.key); break;
            case 3: pair.key = {std::string(one_of(gguf_keys))}; break;
            case 4: pair.type = static_cast<std::uint32_t>(often() ? below(14) : near(pair.type)); break;
            case 5: fill(pair); break;
            default: change_value(pair); break;
        }
    }

    void add_pair() {
        GgufPair pair;
        pair.key.text = one_of(gguf_keys);
        fill(pair);
        file_.pairs.insert(file_.pairs.begin() + static_cast<std::ptrdiff_t>(below(file_.pairs.size() + 1)),
                           pair);
    }

    // A new value of any type.
    void fill(GgufPair& pair) {
        pair.type = static_cast<std::uint32_t>(below(13));
        pair.value.clear();
        if (pair.type != array_type) return append_element(pair.value, pair.type);
        auto element = static_cast<std::uint32_t>(below(13));
        if (element == array_type && often()) element = string_type;
        const auto count = below(6);
        pair.value = scalar(element, 4);
        append(pair.value, scalar(count, 8));
        for (std::size_t i = 0; i < count; ++i) append_element(pair.value, element);
    }

    static void append(Bytes& out, const Bytes& more) { out.insert(out.end(), more.begin(), more.end()); }

    void append_element(Bytes& out, std::uint32_t type) {
        if (type == string_type) {
            const std::string text(one_of(gguf_texts));
            append(out, scalar(text.size(), 8));
            out.insert(out.end(), text.begin(), text.end());
        } else {
            append(out, scalar(one_of(edges), scalar_bytes(type)));
        }
    }

    // A number at `at` within the value.
    void change_number(Bytes& value, std::size_t at, std::size_t bytes) {
        if (at + bytes > value.size()) return;
        std::uint64_t number = 0;
        std::memcpy(&number, value.data() + at, bytes);
        number = near(number);
        std::memcpy(value.data() + at, &number, bytes);
    }

    void change_value(GgufPair& pair) {
        auto& value = pair.value;
        if (pair.type == string_type && value.size() >= 8) {
            if (!often()) return change_number(value, 0, 8);
            GgufText text{std::string(value.begin() + 8, value.end())};
            text.text =
                often() ? mutate_bytes(text.text, text.text.size() + 24) : std::string(one_of(gguf_texts));
            value = scalar(text.text.size(), 8);
            value.insert(value.end(), text.text.begin(), text.text.end());
        } else if (pair.type == array_type && value.size() >= 12) {
            change_array(value);
        } else if (const auto size = scalar_bytes(pair.type); size == value.size()) {
            change_number(value, 0, size);
        }
    }

    void change_array(Bytes& value) {
        const std::size_t element = scalar_bytes(value[0]);
        switch (below(4)) {
            case 0: change_number(value, 4, 8); break;
            case 1: value[0] = static_cast<std::uint8_t>(below(14)); break;
            case 2:  // one element more
                append_element(value, value[0]);
                value[4] = static_cast<std::uint8_t>(value[4] + 1);
                break;
            default:
                if (element > 0)
                    change_number(value, 12 + element * below(value.size() / element), element);
                else
                    change_number(value, 12, 8);
                break;
        }
    }

    void change_tensor() {
        auto& tensor = one_of(file_.tensors);
        switch (below(9)) {
            case 0:
                std::swap(tensor, file_.tensors.back());
                file_.tensors.pop_back();
                break;
            case 1: change_text(tensor.name); break;
            case 2: tensor.name = {std::string(one_of(gguf_tensors))}; break;
            case 3: std::swap(tensor.name, one_of(file_.tensors).name); break;
            case 4: tensor.type = static_cast<std::uint32_t>(often() ? below(42) : near(tensor.type)); break;
            case 5: tensor.offset = often() ? one_of(file_.tensors).offset : near(tensor.offset); return;
            case 6: tensor.offset = near(tensor.offset); return;
            case 7: change_shape(tensor); break;
            default:
                tensor.dimension_count = static_cast<std::uint32_t>(near(tensor.dimensions.size()));
                return;
        }
        if (below(2) == 0) put_in_order();
    }

    void change_shape(GgufTensor& tensor) {
        auto& dimensions = tensor.dimensions;
        switch (below(4)) {
            case 0: dimensions.insert(dimensions.begin(), often() ? 1 : one_of(edges)); break;
            case 1:
                if (dimensions.size() > 1) dimensions.pop_back();
                break;
            case 2: std::reverse(dimensions.begin(), dimensions.end()); break;
            default:
                if (!dimensions.empty()) {
                    auto& dimension = one_of(dimensions);
                    dimension = near(dimension);
                }
                break;
        }
        tensor.dimension_count.reset();
    }

    void add_tensor() {
        GgufTensor tensor;
        if (!file_.tensors.empty())
            tensor = one_of(file_.tensors);
        else
            tensor.dimensions = {1 + below(64)};
        tensor.name = {std::string(one_of(gguf_tensors))};
        file_.tensors.push_back(tensor);
        if (often()) put_in_order();
    }

    void change_data() {
        auto& data = file_.rest;
        switch (below(4)) {
            case 0: data.resize(below(data.size() + 1)); break;
            case 1: data.resize(data.size() + below(64)); break;
            case 2: put_in_order(); break;
            default: {
                const std::string changed =
                    mutate_bytes({reinterpret_cast<const char*>(data.data()), data.size()}, data.size() + 16);
                data.assign(changed.begin(), changed.end());
                break;
            }
        }
    }

    // Leaves the file as it is where it does not fit.
    void put_in_order() {
        GgufFile ordered = file_;
        ordered.tensor_count.reset();
        ordered.pair_count.reset();
        if (ordered.whole && ordered.lay_out(max_size_)) file_ = std::move(ordered);
    }

    GgufFile& file_;
    std::size_t max_size_;
    std::minstd_rand random_;
};

std::size_t give(const GgufFile& file, std::uint8_t* out, std::size_t max_size) {
    const Bytes bytes = write_image(file);
    if (bytes.size() > max_size) return 0;
    std::copy(bytes.begin(), bytes.end(), out);
    return bytes.size();
}

}  // namespace
}  // namespace lamina::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
    using namespace lamina::fuzz;
    if (size < gguf_header_bytes || seed % 10 == 0) return LLVMFuzzerMutate(data, size, max_size);
    auto file = read_image({data, size});
    GgufMutator mutator(file, max_size, seed);
    for (unsigned i = 0; i <= seed / 10 % 3; ++i) mutator.change();
    const auto changed = give(file, data, max_size);
    return changed > 0 ? changed : LLVMFuzzerMutate(data, size, max_size);
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data, std::size_t size,
                                                 const std::uint8_t* other, std::size_t other_size,
                                                 std::uint8_t* out, std::size_t max_size, unsigned seed) {
    using namespace lamina::fuzz;
    if (size < gguf_header_bytes || other_size < gguf_header_bytes) return 0;
    auto file = read_image({data, size});
    GgufMutator(file, max_size, seed).cross(read_image({other, other_size}));
    return give(file, out, max_size);
}
