lamina_test(base
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_barrier.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_byte_reader.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_checked.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_cpu_count.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_dtype.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_error.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_file.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_half.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_json_text.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_team.cpp
  LIBS lamina_base LABELS quick threaded)

# Apart: this program replaces system calls by failing ones.
lamina_test(base_file_faults
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_file_faults.cpp
  LIBS lamina_base LABELS quick)
