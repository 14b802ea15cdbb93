# The built tool, driven as users and scripts drive it.
if(NOT TARGET lamina_tool)
  return()
endif()
foreach(test cli cli_help cli_interrupt cli_models cli_terminal)
  add_test(NAME ${test} COMMAND Python3::Interpreter ${CMAKE_CURRENT_LIST_DIR}/${test}_test.py)
  set_tests_properties(${test} PROPERTIES ENVIRONMENT
    "LAMINA_TOOL=$<TARGET_FILE:lamina_tool>;LAMINA_TEST_DATA=${PROJECT_SOURCE_DIR}/tests/data;LAMINA_TEST_MODELS=${LAMINA_TEST_MODELS};PYTHONDONTWRITEBYTECODE=1")
endforeach()
set_tests_properties(cli cli_help PROPERTIES LABELS quick)
set_tests_properties(cli_models cli_terminal PROPERTIES LABELS models PROCESSORS 2)
set_tests_properties(cli_interrupt PROPERTIES LABELS models COST 60)  # it waits half of the time: early, beside another
