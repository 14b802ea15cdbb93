# The rules of the house, checked on the source tree itself.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME house COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/house_test.py)
set_tests_properties(house PROPERTIES LABELS quick ENVIRONMENT "CXX=${CMAKE_CXX_COMPILER};NM=${CMAKE_NM}")
foreach(check includes tree isa_units words length library_calls single_places format)
  add_test(NAME house_${check} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/house.py ${PROJECT_SOURCE_DIR} ${check})
  set_tests_properties(house_${check} PROPERTIES LABELS quick)
endforeach()

# As built, and again with nothing inlined: what the optimizer happens to inline today, it may not tomorrow.
set(isa_objects ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/isa_objects.py ${PROJECT_BINARY_DIR}/compile_commands.json ${CMAKE_NM})
if(LAMINA_SANITIZE OR LAMINA_FUZZ)
  message(STATUS "No test of the weak symbols of ISA units: sanitizers add their own")
else()
  add_test(NAME house_isa_objects COMMAND ${isa_objects})
  set_tests_properties(house_isa_objects PROPERTIES LABELS quick)
  add_test(NAME house_isa_objects_O0 COMMAND ${isa_objects} -O0)
  set_tests_properties(house_isa_objects_O0 PROPERTIES PROCESSORS 2)
endif()

find_program(LAMINA_CLANG_TIDY NAMES clang-tidy-14 clang-tidy)
find_program(LAMINA_RUN_CLANG_TIDY NAMES run-clang-tidy-14 run-clang-tidy)
if(LAMINA_CLANG_TIDY AND LAMINA_RUN_CLANG_TIDY)
  # The analyzer follows paths through every function, which takes long: a test of its own. The first names one
  # check more because run-clang-tidy wants one that does not come from .clang-tidy.
  set(lint ${LAMINA_RUN_CLANG_TIDY} -quiet -clang-tidy-binary ${LAMINA_CLANG_TIDY} -p ${PROJECT_BINARY_DIR})
  set(linted "${PROJECT_SOURCE_DIR}/(lib|backends|examples)/.*\\.cpp$")
  add_test(NAME house_lint COMMAND ${lint} "-checks=-clang-analyzer-*,modernize-use-override" ${linted})
  set_tests_properties(house_lint PROPERTIES LABELS lint)
  add_test(NAME house_lint_paths COMMAND ${lint} "-checks=-bugprone-*,-performance-*" ${linted})
  set_tests_properties(house_lint_paths PROPERTIES LABELS "long;lint")
endif()
