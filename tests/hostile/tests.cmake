lamina_test(hostile_files
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/sweep_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/parts_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/absurd_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/threats_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/tally.cpp
          ${CMAKE_CURRENT_LIST_DIR}/sources.cpp
          ${CMAKE_CURRENT_LIST_DIR}/damage_layout.cpp
          ${CMAKE_CURRENT_LIST_DIR}/damage_text.cpp
          ${CMAKE_CURRENT_LIST_DIR}/damage_values.cpp
          ${CMAKE_CURRENT_LIST_DIR}/user_way.cpp
          ${PROJECT_SOURCE_DIR}/tests/support/allocations.cpp
  LIBS lamina_api LABELS quick)

find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME threats COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/threats_test.py)
set_tests_properties(threats PROPERTIES LABELS quick)
