#include "lamina/version.hpp"

namespace lamina {

std::string_view version() noexcept { return LAMINA_VERSION_STRING; }

}  // namespace lamina
