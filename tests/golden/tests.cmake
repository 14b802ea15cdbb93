lamina_test(golden_tiny SOURCES ${CMAKE_CURRENT_LIST_DIR}/tiny_test.cpp LIBS lamina::lamina LABELS quick threaded)
lamina_test(golden_tiny_quantized SOURCES ${CMAKE_CURRENT_LIST_DIR}/tiny_quantized_test.cpp LIBS lamina_api LABELS quick)
lamina_test(golden_invariant SOURCES ${CMAKE_CURRENT_LIST_DIR}/invariant_test.cpp LIBS lamina_api LABELS golden)
lamina_test(golden_greedy SOURCES ${CMAKE_CURRENT_LIST_DIR}/greedy_test.cpp LIBS lamina::lamina nlohmann_json::nlohmann_json LABELS models)
if(TARGET lamina_tool)
  add_test(NAME golden_compare COMMAND Python3::Interpreter ${CMAKE_CURRENT_LIST_DIR}/compare_test.py --lamina $<TARGET_FILE:lamina_tool>
           --models ${LAMINA_TEST_MODELS} --data ${PROJECT_SOURCE_DIR}/tests/data)
  set_tests_properties(golden_compare PROPERTIES LABELS models PROCESSORS 2)
endif()
