lamina_test(base
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/barrier_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/byte_reader_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/checked_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/cpu_count_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/dtype_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/error_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/errors_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/file_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/half_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/json_text_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/thread_pool_test.cpp
  LIBS lamina_base LABELS quick threaded)

# Apart: this program replaces system calls by failing ones.
lamina_test(base_file_faults
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/file_faults_test.cpp
  LIBS lamina_base LABELS quick)
