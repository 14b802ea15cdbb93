#include "format/safetensors/header.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "base/errors.hpp"

namespace lamina::format::safetensors {
namespace {

// Receives the events of nlohmann's SAX parser. The header is
// {"__metadata__": {key: string}, name: {"dtype": string, "shape": [u64], "data_offsets": [u64, u64]}, ...}.
class Builder : public nlohmann::json_sax<nlohmann::json> {
  public:
    Builder(const std::string& path, Header& out) : path_(path), out_(out) {}

    bool null() override { fail(expected(), "null"); }
    bool boolean(bool) override { fail(expected(), "a boolean"); }
    bool number_integer(number_integer_t value) override { fail(expected(), std::to_string(value)); }
    bool number_float(number_float_t, const string_t& text) override { fail(expected(), text); }
    bool binary(binary_t&) override { fail(expected(), "binary data"); }

    bool number_unsigned(number_unsigned_t value) override {
        if (place_ == Place::shape) {
            auto& shape = entry_.shape;
            if (shape.size() == Limits::dimensions) fail("at most 8 dimensions", "more");
            shape.push_back(value);
        } else if (place_ == Place::offsets) {
            if (offsets_ == 2) fail("two offsets", "more");
            (offsets_++ == 0 ? entry_.data.begin : entry_.data.end) = value;
        } else {
            fail(expected(), std::to_string(value));
        }
        return true;
    }

    bool string(string_t& value) override {
        if (place_ == Place::dtype) {
            entry_.dtype = std::move(value);
            place_ = Place::entry;
        } else if (place_ == Place::metadata) {
            out_.metadata[std::move(key_)] = std::move(value);
        } else {
            fail(expected(), "the string '" + value.substr(0, 80) + "'");
        }
        return true;
    }

    bool start_object(std::size_t) override {
        switch (place_) {
            case Place::outside: place_ = Place::top; return true;
            case Place::top_value:
                place_ = entry_.name == "__metadata__" ? Place::metadata : Place::entry;
                return true;
            default: fail(expected(), "an object");
        }
    }

    bool end_object() override {
        if (place_ == Place::entry) finish_entry();
        place_ = place_ == Place::top ? Place::done : Place::top;
        return true;
    }

    bool start_array(std::size_t) override {
        if (place_ == Place::shape_value) {
            place_ = Place::shape;
        } else if (place_ == Place::offsets_value) {
            place_ = Place::offsets;
        } else {
            fail(expected(), "an array");
        }
        return true;
    }

    bool end_array() override {
        if (place_ == Place::offsets && offsets_ != 2) fail("two offsets", std::to_string(offsets_));
        place_ = Place::entry;
        return true;
    }

    bool key(string_t& name) override {
        if (place_ == Place::top) {
            begin_entry(std::move(name));
        } else if (place_ == Place::metadata) {
            key_ = std::move(name);
            if (out_.metadata.count(key_) != 0) fail("one value for the metadata key '" + key_ + "'", "two");
        } else {
            begin_field(name);
        }
        return true;
    }

    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& e) override {
        // nlohmann's text names its own classes before the first ": ".
        const std::string text = e.what();
        const auto colon = text.find(": ");
        // 8 bytes of length come before; positions count from 1.
        Errors{"safetensors", path_, position + 7}.fail(
            ErrorCode::bad_file, "header", "JSON",
            colon == std::string::npos ? text : text.substr(colon + 2));
    }

  private:
    enum class Place {
        outside,
        top,
        top_value,
        metadata,
        entry,
        dtype,
        shape_value,
        shape,
        offsets_value,
        offsets,
        done
    };
    enum Field : unsigned { has_dtype = 1, has_shape = 2, has_offsets = 4 };

    void begin_entry(string_t&& name) {
        if (name.size() > Limits::name) fail("names of at most 65536 bytes", std::to_string(name.size()));
        if (out_.entries.size() == Limits::tensors) fail("at most 1000000 tensors", "more");
        if (!names_.insert(name).second) {
            entry_.name = std::move(name);
            fail("one tensor of this name", "two or more");
        }
        entry_ = Entry{};
        entry_.name = std::move(name);
        fields_ = 0;
        offsets_ = 0;
        place_ = Place::top_value;
    }

    void begin_field(const string_t& name) {
        const unsigned field = name == "dtype"          ? has_dtype
                               : name == "shape"        ? has_shape
                               : name == "data_offsets" ? has_offsets
                                                        : 0u;
        if (field == 0)
            fail("the fields dtype, shape and data_offsets", "the field '" + name.substr(0, 80) + "'");
        if ((fields_ & field) != 0) fail("one field '" + name + "'", "two");
        fields_ |= field;
        place_ = field == has_dtype   ? Place::dtype
                 : field == has_shape ? Place::shape_value
                                      : Place::offsets_value;
    }

    void finish_entry() {
        if (fields_ != (has_dtype | has_shape | has_offsets)) {
            fail("the fields dtype, shape and data_offsets", "not all of them");
        }
        out_.entries.push_back(std::move(entry_));
        entry_ = Entry{};
    }

    std::string expected() const {
        switch (place_) {
            case Place::outside: return "an object of tensors";
            case Place::top_value: return "an object";
            case Place::metadata: return "a string";
            case Place::dtype: return "a string as dtype";
            case Place::shape_value: return "an array as shape";
            case Place::shape: return "dimensions, integers from 0 to 2^64 - 1";
            case Place::offsets_value: return "an array as data_offsets";
            case Place::offsets: return "offsets, integers from 0 to 2^64 - 1";
            default: return "a key";
        }
    }

    // About the present entry.
    [[noreturn]] void fail(std::string_view expected, std::string_view found) const {
        Errors{"safetensors", path_}.fail(ErrorCode::bad_file, entry_.name.empty() ? "header" : entry_.name,
                                          expected, found);
    }

    const std::string& path_;
    Header& out_;
    Place place_ = Place::outside;
    Entry entry_;
    std::string key_;              // of __metadata__
    std::set<std::string> names_;  // of all entries so far
    unsigned fields_ = 0;          // of the present entry
    int offsets_ = 0;              // read of the present data_offsets
};

}  // namespace

Header parse_header(std::string_view json, const std::string& path) {
    Header out;
    Builder builder(path, out);
    nlohmann::json::sax_parse(json, &builder);
    return out;
}

}  // namespace lamina::format::safetensors
