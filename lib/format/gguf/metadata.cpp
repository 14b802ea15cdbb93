#include "format/gguf/metadata.hpp"

#include <type_traits>
#include <utility>

#include "base/checked.hpp"
#include "format/gguf/types.hpp"

namespace lamina::format::gguf {
namespace {

constexpr std::uint64_t inline_text = 15;      // bytes that a std::string holds without an allocation
constexpr std::uint64_t map_node_bytes = 160;  // a std::map node of key and value

void charge_text(HeaderReader& reader, const std::string& text, std::string_view key) {
    if (text.size() > inline_text) reader.charge(1, text.size() + 1, key);
}

bool read_boolean(HeaderReader& reader, std::string_view key) {
    const std::uint64_t offset = reader.position();
    const auto value = reader.read<std::uint8_t>(key);
    if (value > 1)
        reader.at(offset).fail(ErrorCode::bad_file, key, "a boolean, 0 or 1", std::to_string(value));
    return value == 1;
}

// An array of numbers of type T, widened.
template <class T, class Out>
Value read_numbers(HeaderReader& reader, std::uint64_t count, std::string_view key) {
    const std::uint64_t offset = reader.position();
    reader.check_count(offset, key, count, sizeof(T));
    reader.charge(count, sizeof(typename Out::value_type), key);
    const auto bytes = reader.take(count * sizeof(T), key);
    Out out(count);
    for (std::size_t i = 0; i < out.size(); ++i) {
        T value;
        std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
        // An int8 is a number here. NOLINTNEXTLINE(bugprone-signed-char-misuse)
        out[i] = static_cast<typename Out::value_type>(value);
        if constexpr (std::is_same_v<T, std::uint64_t>) {
            if (out[i] < 0) {
                reader.at(offset + i * sizeof(T))
                    .fail(ErrorCode::bad_file, key, "integers below 2^63", std::to_string(value));
            }
        }
    }
    return out;
}

Value read_booleans(HeaderReader& reader, std::uint64_t count, std::string_view key) {
    reader.check_count(reader.position(), key, count, 1);
    reader.charge(count, sizeof(Integers::value_type), key);
    Integers out(count);
    for (auto& value : out) value = read_boolean(reader, key) ? 1 : 0;
    return out;
}

Value read_strings(HeaderReader& reader, std::uint64_t count, std::string_view key) {
    reader.check_count(reader.position(), key, count, sizeof(std::uint64_t));
    reader.charge(count, sizeof(std::string), key);
    Strings out;
    out.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        out.push_back(reader.string(key, Limits::string));
        charge_text(reader, out.back(), key);
    }
    return out;
}

[[noreturn]] void fail_type(const HeaderReader& reader, std::uint64_t offset, std::string_view key,
                            ValueType type) {
    reader.at(offset).fail(ErrorCode::bad_file, key, "a value type from 0 to 12",
                           std::to_string(static_cast<std::uint32_t>(type)));
}

Value read_array(HeaderReader& reader, std::string_view key) {
    const std::uint64_t offset = reader.position();
    const auto type = static_cast<ValueType>(reader.read<std::uint32_t>(key));
    const auto count = reader.read<std::uint64_t>(key);
    switch (type) {
        case ValueType::u8: return read_numbers<std::uint8_t, Integers>(reader, count, key);
        case ValueType::i8: return read_numbers<std::int8_t, Integers>(reader, count, key);
        case ValueType::u16: return read_numbers<std::uint16_t, Integers>(reader, count, key);
        case ValueType::i16: return read_numbers<std::int16_t, Integers>(reader, count, key);
        case ValueType::u32: return read_numbers<std::uint32_t, Integers>(reader, count, key);
        case ValueType::i32: return read_numbers<std::int32_t, Integers>(reader, count, key);
        case ValueType::u64: return read_numbers<std::uint64_t, Integers>(reader, count, key);
        case ValueType::i64: return read_numbers<std::int64_t, Integers>(reader, count, key);
        case ValueType::f32: return read_numbers<float, Reals>(reader, count, key);
        case ValueType::f64: return read_numbers<double, Reals>(reader, count, key);
        case ValueType::boolean: return read_booleans(reader, count, key);
        case ValueType::string: return read_strings(reader, count, key);
        case ValueType::array:
            reader.at(offset).fail(ErrorCode::unsupported, key, "an array of plain values",
                                   "an array of arrays");
    }
    fail_type(reader, offset, key, type);
}

std::string read_text(HeaderReader& reader, std::string_view key) {
    auto out = reader.string(key, Limits::string);
    charge_text(reader, out, key);
    return out;
}

Value read_value(HeaderReader& reader, std::uint64_t offset, ValueType type, std::string_view key) {
    using Unsigned = std::uint64_t;
    using Signed = std::int64_t;
    switch (type) {
        case ValueType::u8: return Unsigned{reader.read<std::uint8_t>(key)};
        case ValueType::i8: return Signed{reader.read<std::int8_t>(key)};
        case ValueType::u16: return Unsigned{reader.read<std::uint16_t>(key)};
        case ValueType::i16: return Signed{reader.read<std::int16_t>(key)};
        case ValueType::u32: return Unsigned{reader.read<std::uint32_t>(key)};
        case ValueType::i32: return Signed{reader.read<std::int32_t>(key)};
        case ValueType::u64: return reader.read<std::uint64_t>(key);
        case ValueType::i64: return reader.read<std::int64_t>(key);
        case ValueType::f32: return double{reader.read<float>(key)};
        case ValueType::f64: return reader.read<double>(key);
        case ValueType::boolean: return read_boolean(reader, key);
        case ValueType::string: return read_text(reader, key);
        case ValueType::array: return read_array(reader, key);
    }
    fail_type(reader, offset, key, type);
}

}  // namespace

void read_metadata(HeaderReader& reader, std::uint64_t count, ModelFile& model) {
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t key_offset = reader.position();
        auto key = reader.string("metadata key", Limits::key);
        reader.charge(1, map_node_bytes, key);
        charge_text(reader, key, key);
        if (model.has(key))
            reader.at(key_offset)
                .fail(ErrorCode::bad_file, key, "one value for a key", "the key a second time");
        const std::uint64_t offset = reader.position();
        const auto type = static_cast<ValueType>(reader.read<std::uint32_t>(key));
        if (key == "general.alignment" && type != ValueType::u32) {
            reader.at(offset).fail(ErrorCode::bad_file, key, "a value of type u32",
                                   "type " + std::string(to_string(type)));
        }
        auto value = read_value(reader, offset, type, key);
        model.metadata.emplace(std::move(key), std::move(value));
    }
}

}  // namespace lamina::format::gguf
