#include "format/gguf/header_reader.hpp"

#include <algorithm>

#include "base/checked.hpp"

namespace lamina::format::gguf {

std::string HeaderReader::string(std::string_view what, std::uint64_t limit) {
    const std::uint64_t offset = position();
    const auto length = read<std::uint64_t>(what);
    if (length > limit) {
        at(offset).fail(ErrorCode::bad_file, what, "a string of at most " + std::to_string(limit) + " bytes",
                        std::to_string(length));
    }
    return std::string(as_text(take(length, what)));
}

std::uint64_t HeaderReader::count(std::string_view what, std::uint64_t min_entry) {
    const std::uint64_t offset = position();
    const auto value = read<std::uint64_t>(what);
    check_count(offset, what, value, min_entry);
    return value;
}

void HeaderReader::check_count(std::uint64_t offset, std::string_view what, std::uint64_t count,
                               std::uint64_t min_entry) const {
    const std::uint64_t most = remaining() / min_entry;
    if (count <= most) return;
    at(offset).fail(ErrorCode::bad_file, what,
                    "a count of at most " + std::to_string(most) + ", for which the file has bytes",
                    std::to_string(count) + ": it is damaged or not completely downloaded");
}

void HeaderReader::charge(std::uint64_t count, std::uint64_t bytes_each, std::string_view what) {
    const auto bytes = checked_mul(count, bytes_each);
    const auto sum = bytes ? checked_add(charged_, *bytes) : std::nullopt;
    if (!sum || *sum > Limits::metadata) {
        at(position())
            .fail(ErrorCode::bad_file, what,
                  "metadata of at most " + std::to_string(Limits::metadata) + " bytes", "more");
    }
    charged_ = *sum;
}

void HeaderReader::populate_ahead(std::uint64_t end) {
    constexpr std::uint64_t step = 1u << 20;
    const std::uint64_t wanted = std::max(end, std::min(size_, resident_ + step));
    file_.bytes->populate(resident_, wanted - resident_);
    resident_ = wanted;
}

}  // namespace lamina::format::gguf
