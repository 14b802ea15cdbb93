// Damage to the layout of a file: fields, lengths, tensors, bits.
#include <algorithm>
#include <set>
#include <utility>

#include "base/dtype.hpp"
#include "hostile/mutations.hpp"
#include "support/extreme_values.hpp"
#include "support/random.hpp"

namespace lamina::test::hostile {
namespace {

Bytes cut(const Bytes& file, std::uint64_t size) {
    return {file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size)};
}

std::uint64_t read_field(const Bytes& file, const GgufField& field) {
    std::uint64_t value = 0;
    std::memcpy(&value, file.data() + field.offset, std::min<std::size_t>(field.width, 8));
    return value;
}

// Values that a field of `width` bytes can hold, each once, without the one that it has.
std::set<std::uint64_t> values_of(const GgufImage& image, const GgufField& field) {
    const auto remaining = image.bytes.size() - field.offset;
    const auto own = read_field(image.bytes, field);
    const auto mask = field.width >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * field.width)) - 1;
    std::set<std::uint64_t> out;
    for (const auto value : extreme_values(remaining)) out.insert(value & mask);
    for (const auto value : {own - 1, own + 1, own * 2, own / 2, own ^ mask}) out.insert(value & mask);
    out.erase(own);
    return out;
}

std::string at(std::uint64_t position) { return " at byte " + std::to_string(position); }

// Numbers of tensor types: all that exist, some that do not.
std::vector<std::uint32_t> type_numbers() {
    std::vector<std::uint32_t> out;
    for (std::uint32_t id = 0; id < 48; ++id) out.push_back(id);
    out.insert(out.end(), {100, 255, 256, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF});
    return out;
}

// Bytes of a tensor of that type and shape; 0 where the type does not exist or its blocks do not fill the
// rows.
std::uint64_t bytes_of(std::uint32_t id, const std::vector<std::uint64_t>& dimensions) {
    const auto type = format::gguf::dtype_from_id(id);
    if (!type || dimensions.front() % info(*type).block_size != 0) return 0;
    std::uint64_t blocks = dimensions.front() / info(*type).block_size;
    for (std::size_t d = 1; d < dimensions.size(); ++d) blocks *= dimensions[d];
    return blocks * info(*type).block_bytes;
}

void shapes(const GgufWriter& source, const Emit& emit) {
    GgufWriter w = source;
    const auto change = [&](std::size_t i, const std::vector<std::uint64_t>& dimensions) {
        auto& tensor = w.tensors()[i];
        const auto own = tensor;
        tensor.dimensions = dimensions;
        std::string what = tensor.name + " of shape";
        for (const auto d : dimensions) what += " " + std::to_string(d);
        emit(what, [&] { return w.bytes(); });
        const auto bytes = bytes_of(tensor.type, dimensions);
        if (dimensions.size() <= 4 && bytes > 0 && bytes <= (1u << 20)) {
            tensor.data.resize(bytes);
            emit(what + " with its bytes", [&] { return w.bytes(); });
        }
        tensor = own;
    };
    for (std::size_t i = 0; i < w.tensors().size(); ++i) {
        const auto own = w.tensors()[i].dimensions;
        auto longer = own;
        for (int ones = 0; ones < 4; ++ones) {
            longer.push_back(1);
            change(i, longer);
        }
        change(i, {own.rbegin(), own.rend()});
        change(i, {own.front()});
        change(i, {1, own.front()});
        for (std::size_t d = 0; d < own.size(); ++d) {
            for (const std::uint64_t value :
                 {std::uint64_t{0}, std::uint64_t{1}, own[d] - 1, own[d] + 1, own[d] + 32, own[d] * 2,
                  own[d] / 2, std::uint64_t{1} << 31, (std::uint64_t{1} << 32) + own[d],
                  (std::uint64_t{1} << 62) + own[d], ~std::uint64_t{0}}) {
                auto dimensions = own;
                dimensions[d] = value;
                change(i, dimensions);
            }
        }
    }
}

// Each tensor as every type: with the bytes that it has, and with as many as the type takes.
void types(const GgufWriter& source, const Emit& emit) {
    Random random(7);
    GgufWriter w = source;
    for (auto& tensor : w.tensors()) {
        const auto own = tensor;
        for (const auto id : type_numbers()) {
            tensor.type = id;
            const auto what = tensor.name + " of type " + std::to_string(id);
            emit(what, [&] { return w.bytes(); });
            const auto bytes = bytes_of(id, tensor.dimensions);
            if (bytes == 0) continue;
            tensor.data = random.bytes(bytes);
            emit(what + " with random bytes", [&] { return w.bytes(); });
            tensor = own;
        }
        tensor = own;
    }
}

void names(const GgufWriter& source, const Emit& emit) {
    static const std::string bad[] = {
        "", "x", std::string(1, '\0'), "\xFF\n\x1B[2J", std::string(65536, 'n'), std::string(65537, 'n')};
    GgufWriter w = source;
    const auto rename = [&](std::size_t i, const std::string& name) {
        const auto own = std::exchange(w.tensors()[i].name, name);
        emit(own + " renamed " + name.substr(0, 40), [&] { return w.bytes(); });
        w.tensors()[i].name = own;
    };
    for (std::size_t i = 0; i < w.tensors().size(); ++i) {
        for (const auto& name : bad) rename(i, name);
        for (std::size_t step = 1; step <= 3; ++step)
            rename(i, std::string(w.tensors()[(i + step) % w.tensors().size()].name));
    }
}

}  // namespace

void overwritten_fields(const GgufWriter& source, const Emit& emit) {
    const auto image = source.image();
    for (const auto& field : image.fields) {
        for (const auto value : values_of(image, field)) {
            emit(field.what + " = " + std::to_string(value), [&] {
                Bytes file = image.bytes;
                std::memcpy(file.data() + field.offset, &value, std::min<std::size_t>(field.width, 8));
                return file;
            });
        }
    }
}

void truncations(const GgufWriter& source, const Emit& emit) {
    const auto image = source.image();
    std::set<std::uint64_t> sizes;
    for (std::uint64_t size = 0; size <= image.data_begin + 1; ++size) sizes.insert(size);
    std::uint64_t end = image.data_begin;
    for (const auto& tensor : source.tensors()) {
        for (const auto bytes : {end, end + tensor.data.size()}) sizes.insert({bytes - 1, bytes, bytes + 1});
        end = (end + tensor.data.size() + source.alignment - 1) / source.alignment * source.alignment;
    }
    for (const auto size : sizes) {
        if (size < image.bytes.size()) emit("cut" + at(size), [&] { return cut(image.bytes, size); });
    }
}

void removals(const GgufWriter& source, const Emit& emit) {
    auto whole = source;
    const auto pairs = whole.metadata();
    const auto tensors = whole.tensors();
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const auto& key = pairs[i].key;
        emit("without " + key, [&] { return GgufWriter(source).remove(key).bytes(); });
        emit(key + " twice",
             [&] { return GgufWriter(source).raw_set(key, pairs[i].type, pairs[i].value).bytes(); });
        for (std::size_t j = i + 1; j < pairs.size(); ++j) {
            emit("without " + key + " and " + pairs[j].key,
                 [&] { return GgufWriter(source).remove(key).remove(pairs[j].key).bytes(); });
        }
    }
    for (const auto& t : tensors) {
        emit("without " + t.name, [&] { return GgufWriter(source).remove_tensor(t.name).bytes(); });
        emit(t.name + " twice",
             [&] { return GgufWriter(source).raw_tensor(t.name, t.type, t.dimensions, t.data).bytes(); });
    }
    whole.metadata().clear();
    emit("without metadata", [&] { return whole.bytes(); });
    whole.tensors().clear();
    emit("without anything", [&] { return whole.bytes(); });
}

void tensor_places(const GgufWriter& source, const Emit& emit) {
    GgufWriter plain = source;
    const auto image = plain.image();
    std::vector<std::uint64_t> offsets;
    for (const auto& field : image.fields) {
        if (field.what.ends_with(": offset")) offsets.push_back(read_field(image.bytes, field));
    }
    const auto data = image.bytes.size() - image.data_begin;
    for (std::size_t i = 0; i < offsets.size(); ++i) {
        std::set<std::uint64_t> wanted = {data - 1,
                                          data,
                                          data + 1,
                                          data / 32 * 32,
                                          data / 32 * 32 + 32,
                                          ~std::uint64_t{0} - 31,
                                          ~std::uint64_t{0} - image.data_begin + 1,
                                          std::uint64_t{1} << 63};
        for (const auto other : offsets) wanted.insert({other, other - 32, other + 32, other + 1});
        wanted.erase(offsets[i]);
        for (const auto offset : wanted) {
            emit(plain.tensors()[i].name + " at offset " + std::to_string(offset), [&] {
                GgufWriter w = source;
                w.tensors()[i].offset = offset;
                return w.bytes();
            });
        }
    }
}

void tensor_descriptions(const GgufWriter& source, const Emit& emit) {
    shapes(source, emit);
    types(source, emit);
    names(source, emit);
}

void bit_flips(const GgufWriter& source, const Emit& emit) {
    const auto image = source.image();
    for (std::size_t i = 0; i < image.header_end; ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            emit("bit " + std::to_string(bit) + at(i), [&] {
                Bytes file = image.bytes;
                file[i] ^= static_cast<std::byte>(1 << bit);
                return file;
            });
        }
    }
    // Weights of any bits: every pattern of exponents comes up among these.
    for (std::uint64_t round = 1; round <= 400; ++round) {
        emit(std::to_string(round) + " bytes of weights", [&] {
            Random random(round);
            Bytes file = image.bytes;
            for (std::uint64_t n = 0; n < round; ++n) {
                const auto i = image.data_begin + random.below(file.size() - image.data_begin);
                file[i] = static_cast<std::byte>(n % 3 == 0 ? 0xFF : random.below(256));
            }
            return file;
        });
    }
    // Several bytes of the header at once.
    for (std::uint64_t round = 0; round < 800; ++round) {
        emit("random bytes of the header, round " + std::to_string(round), [&] {
            Random random(round);
            Bytes file = image.bytes;
            for (std::uint64_t n = 0; n < 2 + round % 7; ++n)
                file[random.below(image.header_end)] = static_cast<std::byte>(random.below(256));
            return file;
        });
    }
}

}  // namespace lamina::test::hostile
