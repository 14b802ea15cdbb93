# Fuzzing harnesses (libFuzzer), in a configuration of their own: CXX=clang++-14 cmake -DLAMINA_FUZZ=ON. tests/fuzz/run.sh
# builds and runs them, two at a time, and prints what they cover.
if(NOT LAMINA_FUZZ)
  return()
endif()

set(fuzz_here ${CMAKE_CURRENT_LIST_DIR})
set(fuzz_seeds ${PROJECT_BINARY_DIR}/fuzz/seeds)
set(LAMINA_FUZZ_SECONDS 20 CACHE STRING "How long each harness runs as a test")
add_custom_target(fuzz)

function(lamina_fuzz_target name)
  target_link_libraries(${name} PRIVATE lamina_settings)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/examples)
  target_compile_definitions(${name} PRIVATE LAMINA_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
  add_dependencies(fuzz ${name})
endfunction()

# The seeds come from the test data: written at build time, not kept twice.
add_executable(fuzz_seeds ${fuzz_here}/seeds.cpp ${fuzz_here}/seeds_gguf.cpp ${fuzz_here}/seeds_model.cpp
                          ${fuzz_here}/seeds_template.cpp ${fuzz_here}/seeds_text.cpp ${fuzz_here}/gguf_image.cpp)
target_link_libraries(fuzz_seeds PRIVATE lamina_format lamina_text)
lamina_fuzz_target(fuzz_seeds)
add_custom_command(OUTPUT ${fuzz_seeds}/stamp
  COMMAND ${CMAKE_COMMAND} -E env LLVM_PROFILE_FILE=/dev/null $<TARGET_FILE:fuzz_seeds> ${fuzz_seeds}
  COMMAND ${CMAKE_COMMAND} -E touch ${fuzz_seeds}/stamp DEPENDS fuzz_seeds)
add_custom_target(fuzz_seed_files DEPENDS ${fuzz_seeds}/stamp)
add_dependencies(fuzz fuzz_seed_files)

# lamina_fuzz(NAME SOURCES ... LIBS ...): fuzz_NAME.cpp as a harness and a test of it.
function(lamina_fuzz name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(fuzz_${name} ${fuzz_here}/fuzz_${name}.cpp ${arg_SOURCES})
  target_link_libraries(fuzz_${name} PRIVATE ${arg_LIBS})
  target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  lamina_fuzz_target(fuzz_${name})
  add_test(NAME fuzz_${name} COMMAND ${fuzz_here}/harness.sh ${PROJECT_BINARY_DIR} ${name}
           -max_total_time=${LAMINA_FUZZ_SECONDS})
  set_tests_properties(fuzz_${name} PROPERTIES LABELS fuzz)
endfunction()

set(gguf_mutator ${fuzz_here}/gguf_mutator.cpp ${fuzz_here}/gguf_image.cpp ${fuzz_here}/json_mutator.cpp)
set(json_mutator ${fuzz_here}/json_mutator.cpp)
lamina_fuzz(gguf SOURCES ${gguf_mutator} LIBS lamina_format nlohmann_json::nlohmann_json)
lamina_fuzz(gguf_parts LIBS lamina_format)
lamina_fuzz(model SOURCES ${gguf_mutator} ${PROJECT_SOURCE_DIR}/lib/api/describe.cpp ${PROJECT_SOURCE_DIR}/lib/api/vocabulary.cpp
            LIBS lamina_exec lamina_text nlohmann_json::nlohmann_json)
lamina_fuzz(tokenizer LIBS lamina_text)
lamina_fuzz(pretokenizer LIBS lamina_text)
lamina_fuzz(template LIBS lamina_text)
lamina_fuzz(messages SOURCES ${json_mutator} LIBS lamina_text)
lamina_fuzz(json SOURCES ${json_mutator} ${PROJECT_SOURCE_DIR}/examples/cli/json.cpp
            LIBS lamina_base nlohmann_json::nlohmann_json)
lamina_fuzz(tensor_file SOURCES ${json_mutator} LIBS lamina_format nlohmann_json::nlohmann_json)

# The GGUF harness on a reader with a planted bounds error: finding it is what the test asks for.
if(LAMINA_FUZZ_PLANT)
  file(GLOB_RECURSE format_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/format/*.cpp)
  add_executable(fuzz_gguf_planted ${fuzz_here}/fuzz_gguf.cpp ${gguf_mutator} ${format_sources})
  target_compile_definitions(fuzz_gguf_planted PRIVATE LAMINA_PLANT_BOUNDS_ERROR)
  # Without the assertions of std::span, which would be first to find it.
  target_compile_options(fuzz_gguf_planted PRIVATE -U_GLIBCXX_ASSERTIONS)
  target_link_libraries(fuzz_gguf_planted PRIVATE lamina_quant nlohmann_json::nlohmann_json)
  target_link_options(fuzz_gguf_planted PRIVATE -fsanitize=fuzzer)
  lamina_fuzz_target(fuzz_gguf_planted)
  add_test(NAME fuzz_finds_planted_error COMMAND ${fuzz_here}/planted.sh ${PROJECT_BINARY_DIR})
  set_tests_properties(fuzz_finds_planted_error PROPERTIES LABELS fuzz)
endif()
