# Everything that comes from outside. cmake/setup.sh installs what is missing.
find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(pcre2 REQUIRED IMPORTED_TARGET libpcre2-8)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)

# Optional: dense matrices with many rows are faster with it. cmake/setup.sh puts it into .cache/venv.
if(LAMINA_ONEDNN)
  find_package(dnnl 3.2 CONFIG QUIET HINTS ${PROJECT_SOURCE_DIR}/.cache/venv)
  set(LAMINA_HAS_ONEDNN ${dnnl_FOUND})
  if(NOT dnnl_FOUND)
    message(STATUS "oneDNN 3.2 not found: dense matrices use lamina's own kernels alone")
  endif()
endif()

# Optional: for the example, the test and the measurement of lamina/openmp.hpp.
if(LAMINA_BUILD_TOOLS OR LAMINA_BUILD_TESTS)
  find_package(OpenMP COMPONENTS CXX QUIET)
endif()
