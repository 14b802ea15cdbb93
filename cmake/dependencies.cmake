# Everything that comes from outside. cmake/setup.sh installs what is missing.
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(fmt 9 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
find_path(UTF8PROC_INCLUDE utf8proc.h REQUIRED)
find_library(UTF8PROC_LIBRARY utf8proc REQUIRED)
add_library(lamina_utf8proc INTERFACE)
target_include_directories(lamina_utf8proc SYSTEM INTERFACE ${UTF8PROC_INCLUDE})
target_link_libraries(lamina_utf8proc INTERFACE ${UTF8PROC_LIBRARY})

# Optional: dense matrices with many rows are faster with it. cmake/setup.sh puts it into .cache/venv.
if(LAMINA_ONEDNN)
  find_package(dnnl 3.2 CONFIG QUIET HINTS ${PROJECT_SOURCE_DIR}/.cache/venv)
  if(NOT dnnl_FOUND)
    message(STATUS "oneDNN 3.2 not found: dense matrices use lamina's own kernels alone")
  endif()
endif()
