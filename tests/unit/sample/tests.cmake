lamina_test(sample
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/row_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/parameters_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/filters_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/draw_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/penalties_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/logprobs_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/allocation_test.cpp
  LIBS lamina_sample
  LABELS quick)
