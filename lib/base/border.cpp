#include "base/border.hpp"

#include <new>
#include <utility>

#include "lamina/error.hpp"

namespace lamina {
namespace {

Error no_memory(const char* area, const std::string& file) noexcept try {
    return {ErrorCode::out_of_memory, ErrorDetails{.area = area, .file = file, .found = "no memory left"}};
} catch (const std::bad_alloc&) { return Error::no_memory(); }

Error with_file(const Error& error, const std::string& file) noexcept try {
    ErrorDetails details = error.details();
    details.file = file;
    return {error.code(), std::move(details)};
} catch (const std::bad_alloc&) { return error; }

}  // namespace

void rethrow_typed(const char* area, const std::string& file) {
    try {
        throw;
    } catch (const std::bad_alloc&) { throw no_memory(area, file); } catch (const Error& error) {
        if (error.code() != ErrorCode::out_of_memory || file.empty() || !error.details().file.empty()) throw;
        throw with_file(error, file);
    }
}

std::exception_ptr typed_failure(const char* area) noexcept try { rethrow_typed(area); } catch (...) {
    return std::current_exception();
}

}  // namespace lamina
