# The C API, from C11: every function on a tiny model.
add_library(capi_fixture OBJECT ${CMAKE_CURRENT_LIST_DIR}/fixture.cpp)
target_link_libraries(capi_fixture PRIVATE lamina_api Catch2::Catch2 lamina_settings)
target_include_directories(capi_fixture PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/tests)

set(c11 C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
# The fuzzing flags are for clang alone.
if(NOT LAMINA_FUZZ OR CMAKE_C_COMPILER_ID STREQUAL "Clang")
  file(GLOB capi_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
  add_executable(test_capi_c ${capi_sources} $<TARGET_OBJECTS:capi_fixture>)
  set_target_properties(test_capi_c PROPERTIES ${c11})
  target_compile_definitions(test_capi_c PRIVATE LAMINA_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
  target_link_libraries(test_capi_c PRIVATE lamina_api Threads::Threads m lamina_settings)
  add_test(NAME c_api COMMAND test_capi_c)
  set_tests_properties(c_api PROPERTIES LABELS quick)

  # Each header by itself, in C and in C++.
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/include/lamina/c/*.h
       ${PROJECT_SOURCE_DIR}/include/lamina/*.h)
  foreach(header ${headers})
    string(MAKE_C_IDENTIFIER ${header} name)
    foreach(language c cpp)
      set(source ${PROJECT_BINARY_DIR}/capi_headers/${name}.${language})
      file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\nextern int ${name}_${language};\n")
      list(APPEND header_sources ${source})
    endforeach()
  endforeach()
  add_library(capi_headers OBJECT ${header_sources})
  set_target_properties(capi_headers PROPERTIES ${c11})
  target_include_directories(capi_headers PRIVATE ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(capi_headers PRIVATE lamina_settings)
  add_dependencies(test_capi_c capi_headers)
  add_dependencies(tests test_capi_c)
endif()

lamina_test(capi
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/nulls_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/structs_test.cpp
    $<TARGET_OBJECTS:capi_fixture>
  LIBS lamina_api
  LABELS quick)

# Replaces operator new, hence a program of its own.
lamina_test(capi_memory
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/errors_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/allocations_test.cpp
    ${PROJECT_SOURCE_DIR}/tests/support/allocations.cpp
    $<TARGET_OBJECTS:capi_fixture>
  LIBS lamina_api
  LABELS quick)

foreach(check calls nulls fields functions enumerations docs)
  add_test(NAME capi_${check}
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/coverage.py ${PROJECT_SOURCE_DIR} ${check})
  set_tests_properties(capi_${check} PROPERTIES LABELS quick)
endforeach()
