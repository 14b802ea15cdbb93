lamina_test(quant
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/decode_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/integer_view_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/encode_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/activations_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/packed_test.cpp
  LIBS lamina_quant lamina_format
  LABELS quick)
