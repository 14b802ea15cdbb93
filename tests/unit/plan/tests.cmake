lamina_test(plan SOURCES ${CMAKE_CURRENT_LIST_DIR}/plan_test.cpp ${CMAKE_CURRENT_LIST_DIR}/numerics_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/program_text_test.cpp LIBS lamina_api nlohmann_json::nlohmann_json LABELS quick)
