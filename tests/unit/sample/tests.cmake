lamina_test(sample
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/test_row.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_parameters.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_filters.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_draw.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_penalties.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_logprobs.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_allocation.cpp
  LIBS lamina_sample
  LABELS quick)
