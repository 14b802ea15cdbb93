lamina_test(cpu SOURCES ${CMAKE_CURRENT_LIST_DIR}/isa_test.cpp ${CMAKE_CURRENT_LIST_DIR}/machine_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/barrier_test.cpp ${CMAKE_CURRENT_LIST_DIR}/team_test.cpp ${CMAKE_CURRENT_LIST_DIR}/device_test.cpp
  LIBS lamina_cpu lamina_reference OpenMP::OpenMP_CXX LABELS quick)
