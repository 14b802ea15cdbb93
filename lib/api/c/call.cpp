#include "api/c/call.hpp"

#include <new>
#include <type_traits>

#include "api/c/codes.hpp"
#include "api/c/views.hpp"
#include "lamina/error.hpp"

namespace lamina::c_api {
namespace {

// lamina_error::storage holds the exception that the strings belong to: an owning pointer in the place of
// bytes that C may copy, which is sound as long as one copy alone is freed.
using Owner = std::exception_ptr;
static_assert(sizeof(Owner) <= sizeof(lamina_error::storage) && alignof(Owner) <= alignof(void*));

void keep(lamina_error& error, Owner owner) noexcept {
    new (static_cast<void*>(error.storage)) Owner(std::move(owner));
}

lamina_error make(lamina_error_code code, const char* text) noexcept {
    const lamina_string empty = view("");
    lamina_error out{.code = code,
                     .has_offset = false,
                     .offset = 0,
                     .area = empty,
                     .file = empty,
                     .subject = empty,
                     .expected = empty,
                     .found = empty,
                     .text = view(text),
                     .storage = {}};
    keep(out, nullptr);
    return out;
}

// `owner`: the exception that `failure` is, or null where its strings live for good.
lamina_error of(const Error& failure, Owner owner) noexcept {
    const auto& details = failure.details();
    lamina_error out = make(to_c(failure.code()), failure.what());
    out.has_offset = details.offset.has_value();
    out.offset = details.offset.value_or(0);
    out.area = view(details.area);
    out.file = view(details.file);
    out.subject = view(details.subject);
    out.expected = view(details.expected);
    out.found = view(details.found);
    keep(out, std::move(owner));
    return out;
}

}  // namespace

lamina_error no_error() noexcept { return make(LAMINA_OK, ""); }

lamina_error current_error() noexcept {
    try {
        throw;
    } catch (const Error& failure) {
        return of(failure, std::current_exception());
    } catch (const std::bad_alloc&) {
        return of(Error::no_memory(), nullptr);
    } catch (const std::exception& failure) {
        lamina_error out = make(LAMINA_UNEXPECTED, failure.what());
        keep(out, std::current_exception());
        return out;
    } catch (...) { return make(LAMINA_UNEXPECTED, "an exception of unknown type"); }
}

lamina_error error_of(const std::exception_ptr& failure) noexcept {
    if (!failure) return no_error();
    try {
        std::rethrow_exception(failure);
    } catch (...) { return current_error(); }
}

}  // namespace lamina::c_api

using namespace lamina;

void lamina_error_free(lamina_error* error) {
    if (error == nullptr || error->code == LAMINA_OK) return;
    using Owner = c_api::Owner;
    std::launder(reinterpret_cast<Owner*>(static_cast<void*>(error->storage)))->~Owner();
    *error = c_api::no_error();
}

const char* lamina_error_code_name(lamina_error_code code) {
    if (code == LAMINA_OK) return "ok";
    if (code == LAMINA_UNEXPECTED) return "unexpected";
    const auto known = c_api::from_c(code);
    return known ? to_string(*known).data() : "unknown";
}
