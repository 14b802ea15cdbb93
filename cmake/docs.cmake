# Target docs: the public headers by Doxygen, as HTML in docs/html of the build.
configure_file(${PROJECT_SOURCE_DIR}/cmake/Doxyfile.in ${PROJECT_BINARY_DIR}/Doxyfile @ONLY)
add_custom_target(docs COMMAND doxygen ${PROJECT_BINARY_DIR}/Doxyfile VERBATIM)
