lamina_test(cpu SOURCES ${CMAKE_CURRENT_LIST_DIR}/isa_test.cpp ${CMAKE_CURRENT_LIST_DIR}/machine_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/device_test.cpp ${CMAKE_CURRENT_LIST_DIR}/speed_test.cpp
  LIBS lamina_cpu lamina_reference LABELS quick threaded)
