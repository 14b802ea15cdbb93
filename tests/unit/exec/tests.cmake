lamina_test(exec SOURCES ${CMAKE_CURRENT_LIST_DIR}/batch_test.cpp ${CMAKE_CURRENT_LIST_DIR}/step_builder_test.cpp LIBS lamina_api LABELS quick)
# Replaces operator new, which the thread sanitizer keeps for itself.
lamina_test(steady
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/steady_test.cpp ${PROJECT_SOURCE_DIR}/tests/support/allocations.cpp
  LIBS lamina_api LABELS quick)
set_tests_properties(steady PROPERTIES PROCESSORS 2)
