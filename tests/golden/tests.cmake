lamina_test(golden_tiny SOURCES ${CMAKE_CURRENT_LIST_DIR}/tiny_test.cpp LIBS lamina::lamina LABELS quick threaded)
lamina_test(golden_tiny_quantized SOURCES ${CMAKE_CURRENT_LIST_DIR}/tiny_quantized_test.cpp LIBS lamina_api LABELS quick)
lamina_test(golden_invariant SOURCES ${CMAKE_CURRENT_LIST_DIR}/invariant_test.cpp LIBS lamina_api LABELS golden)
set_tests_properties(golden_invariant PROPERTIES PROCESSORS 1 COST 40)  # with two threads only half of the time
lamina_test(golden_greedy SOURCES ${CMAKE_CURRENT_LIST_DIR}/greedy_test.cpp LIBS lamina::lamina nlohmann_json::nlohmann_json LABELS models)
# Real models on scalar kernels, which the tiny ones and the ops run on as well: most of the time of these tests.
add_test(NAME golden_greedy_scalar COMMAND test_golden_greedy "[.scalar]")
set_tests_properties(golden_greedy_scalar PROPERTIES LABELS "long;models" PROCESSORS 2)
if(TARGET lamina_tool)
  set(compare Python3::Interpreter ${CMAKE_CURRENT_LIST_DIR}/compare_test.py --lamina $<TARGET_FILE:lamina_tool>
      --models ${LAMINA_TEST_MODELS} --data ${PROJECT_SOURCE_DIR}/tests/data)
  add_test(NAME golden_compare COMMAND ${compare})
  add_test(NAME golden_compare_scalar COMMAND ${compare} --scalar)
  set_tests_properties(golden_compare PROPERTIES LABELS models PROCESSORS 2)
  set_tests_properties(golden_compare_scalar PROPERTIES LABELS "long;models" PROCESSORS 2)
  add_test(NAME golden_resident COMMAND Python3::Interpreter ${CMAKE_CURRENT_LIST_DIR}/resident_test.py --lamina $<TARGET_FILE:lamina_tool>)
  set_tests_properties(golden_resident PROPERTIES LABELS models PROCESSORS 2 ENVIRONMENT "LAMINA_TEST_MODELS=${LAMINA_TEST_MODELS}")
endif()
