#include "base/errors.hpp"

namespace lamina {

void Errors::fail(ErrorCode code, std::string_view subject, std::string_view expected,
                  std::string_view found) const {
    throw Error(code, ErrorDetails{.area = std::string(area),
                                   .file = std::string(file),
                                   .subject = std::string(subject),
                                   .offset = offset,
                                   .expected = std::string(expected),
                                   .found = std::string(found)});
}

}  // namespace lamina
