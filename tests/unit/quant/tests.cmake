lamina_test(quant
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/test_decode.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_integer_view.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_encode.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_activations.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_packed.cpp
  LIBS lamina_quant lamina_format
  LABELS quick)
