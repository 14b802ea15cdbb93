# The rules of the house, checked on the source tree itself.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME house COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/house_test.py)
set_tests_properties(house PROPERTIES LABELS quick)
foreach(check includes tree isa_units words length library_calls format)
  add_test(NAME house_${check} COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/house.py ${PROJECT_SOURCE_DIR} ${check})
  set_tests_properties(house_${check} PROPERTIES LABELS quick)
endforeach()

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
