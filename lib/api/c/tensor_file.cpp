#include "lamina/tensor_file.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "api/c/call.hpp"
#include "api/c/handles.hpp"

using namespace lamina;
using c_api::Call;

namespace {

const TensorFile& self(const Call& c, const lamina_tensor_file* file) { return c.given(file, "file").value; }
TensorFile& self(const Call& c, lamina_tensor_file* file) { return c.given(file, "file").value; }

template <class T>
lamina_error get(const char* function, const lamina_tensor_file* file, lamina_string name, T* values,
                 size_t count, std::vector<T> (TensorFile::*read)(std::string_view) const) {
    return c_api::call(function, [&](const Call& c) {
        const auto out = c.list(values, count, "values");
        const auto found = (self(c, file).*read)(c.text(name, "name"));
        if (found.size() != count)
            c.errors().refuse("count", std::to_string(found.size()), std::to_string(count));
        std::copy(found.begin(), found.end(), out.begin());
    });
}

template <class T>
lamina_error add(const char* function, lamina_tensor_file* file, lamina_string name,
                 const uint64_t* dimensions, size_t rank, const T* values, size_t count,
                 void (TensorFile::*write)(std::string, TensorFile::Shape, std::span<const T>)) {
    return c_api::call(function, [&](const Call& c) {
        const auto shape = c.list(dimensions, rank, "dimensions");
        (self(c, file).*write)(std::string(c.text(name, "name")), {shape.begin(), shape.end()},
                               c.list(values, count, "values"));
    });
}

}  // namespace

lamina_error lamina_tensor_file_create(lamina_tensor_file** file) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(file, "file");
        out = new lamina_tensor_file{};
    });
}

lamina_error lamina_tensor_file_read(const char* path, lamina_tensor_file** file) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(file, "file");
        out = new lamina_tensor_file{TensorFile::read(&c.given(path, "path"))};
    });
}

lamina_error lamina_tensor_file_write(const lamina_tensor_file* file, const char* path) {
    return c_api::call(__func__, [&](const Call& c) { self(c, file).write(&c.given(path, "path")); });
}

lamina_error lamina_tensor_file_copy(const lamina_tensor_file* file, lamina_tensor_file** copy) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(copy, "copy");
        out = new lamina_tensor_file{self(c, file)};
    });
}

void lamina_tensor_file_free(lamina_tensor_file* file) { delete file; }

lamina_error lamina_tensor_file_names(const lamina_tensor_file* file, lamina_strings** names) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(names, "names");
        out = new c_api::StringsView(self(c, file).names());
    });
}

lamina_error lamina_tensor_file_has(const lamina_tensor_file* file, lamina_string name, bool* has) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(has, "has");
        out = self(c, file).has(c.text(name, "name"));
    });
}

lamina_error lamina_tensor_file_shape(const lamina_tensor_file* file, lamina_string name,
                                      const uint64_t** dimensions, size_t* rank) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(dimensions, "dimensions");
        auto& out_rank = c.out(rank, "rank");
        const auto& shape = self(c, file).shape(c.text(name, "name"));
        out = shape.data();
        out_rank = shape.size();
    });
}

lamina_error lamina_tensor_file_dtype(const lamina_tensor_file* file, lamina_string name,
                                      lamina_string* dtype) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(dtype, "dtype", c_api::view(""));
        out = c_api::view(self(c, file).dtype(c.text(name, "name")));
    });
}

lamina_error lamina_tensor_file_bytes(const lamina_tensor_file* file, lamina_string name, const void** bytes,
                                      size_t* size) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(bytes, "bytes");
        auto& out_size = c.out(size, "size");
        const auto found = self(c, file).bytes(c.text(name, "name"));
        out = found.data();
        out_size = found.size();
    });
}

lamina_error lamina_tensor_file_f32(const lamina_tensor_file* file, lamina_string name, float* values,
                                    size_t count) {
    return get(__func__, file, name, values, count, &TensorFile::f32);
}
lamina_error lamina_tensor_file_i32(const lamina_tensor_file* file, lamina_string name, int32_t* values,
                                    size_t count) {
    return get(__func__, file, name, values, count, &TensorFile::i32);
}
lamina_error lamina_tensor_file_i64(const lamina_tensor_file* file, lamina_string name, int64_t* values,
                                    size_t count) {
    return get(__func__, file, name, values, count, &TensorFile::i64);
}
lamina_error lamina_tensor_file_u8(const lamina_tensor_file* file, lamina_string name, uint8_t* values,
                                   size_t count) {
    return get(__func__, file, name, values, count, &TensorFile::u8);
}
lamina_error lamina_tensor_file_f16(const lamina_tensor_file* file, lamina_string name, uint16_t* bits,
                                    size_t count) {
    return get(__func__, file, name, bits, count, &TensorFile::f16);
}
lamina_error lamina_tensor_file_bf16(const lamina_tensor_file* file, lamina_string name, uint16_t* bits,
                                     size_t count) {
    return get(__func__, file, name, bits, count, &TensorFile::bf16);
}

lamina_error lamina_tensor_file_add_f32(lamina_tensor_file* file, lamina_string name,
                                        const uint64_t* dimensions, size_t rank, const float* values,
                                        size_t count) {
    return add(__func__, file, name, dimensions, rank, values, count, &TensorFile::add_f32);
}
lamina_error lamina_tensor_file_add_i32(lamina_tensor_file* file, lamina_string name,
                                        const uint64_t* dimensions, size_t rank, const int32_t* values,
                                        size_t count) {
    return add(__func__, file, name, dimensions, rank, values, count, &TensorFile::add_i32);
}
lamina_error lamina_tensor_file_add_i64(lamina_tensor_file* file, lamina_string name,
                                        const uint64_t* dimensions, size_t rank, const int64_t* values,
                                        size_t count) {
    return add(__func__, file, name, dimensions, rank, values, count, &TensorFile::add_i64);
}
lamina_error lamina_tensor_file_add_u8(lamina_tensor_file* file, lamina_string name,
                                       const uint64_t* dimensions, size_t rank, const uint8_t* values,
                                       size_t count) {
    return add(__func__, file, name, dimensions, rank, values, count, &TensorFile::add_u8);
}
lamina_error lamina_tensor_file_add_f16(lamina_tensor_file* file, lamina_string name,
                                        const uint64_t* dimensions, size_t rank, const uint16_t* bits,
                                        size_t count) {
    return add(__func__, file, name, dimensions, rank, bits, count, &TensorFile::add_f16);
}
lamina_error lamina_tensor_file_add_bf16(lamina_tensor_file* file, lamina_string name,
                                         const uint64_t* dimensions, size_t rank, const uint16_t* bits,
                                         size_t count) {
    return add(__func__, file, name, dimensions, rank, bits, count, &TensorFile::add_bf16);
}

lamina_error lamina_tensor_file_metadata_keys(const lamina_tensor_file* file, lamina_strings** keys) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(keys, "keys");
        std::vector<std::string> found;
        for (const auto& [key, text] : self(c, file).metadata) found.push_back(key);
        out = new c_api::StringsView(std::move(found));
    });
}

lamina_error lamina_tensor_file_metadata(const lamina_tensor_file* file, lamina_string key,
                                         lamina_string* text, bool* found) {
    return c_api::call(__func__, [&](const Call& c) {
        auto& out = c.out(text, "text", c_api::view(""));
        auto& out_found = c.out(found, "found");
        const auto& metadata = self(c, file).metadata;
        const auto at = metadata.find(std::string(c.text(key, "key")));
        if (at == metadata.end()) return;
        out = c_api::view(at->second);
        out_found = true;
    });
}

lamina_error lamina_tensor_file_set_metadata(lamina_tensor_file* file, lamina_string key,
                                             lamina_string text) {
    return c_api::call(__func__, [&](const Call& c) {
        std::string value(c.text(text, "text"));
        self(c, file).metadata[std::string(c.text(key, "key"))] = std::move(value);
    });
}

lamina_error lamina_tensor_file_remove_metadata(lamina_tensor_file* file, lamina_string key) {
    return c_api::call(__func__,
                       [&](const Call& c) { self(c, file).metadata.erase(std::string(c.text(key, "key"))); });
}
