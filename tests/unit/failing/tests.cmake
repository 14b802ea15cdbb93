# Each replaces operator new or system calls in the whole program, hence programs of their own. They link the parts of
# the library and not the whole, which may be a shared library: its calls could not be wrapped.
lamina_test(failing_allocations
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/allocations_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/border_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/requests_test.cpp
          ${PROJECT_SOURCE_DIR}/tests/support/allocations.cpp
  LIBS lamina_api LABELS quick)

lamina_test(failing_files
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/files_test.cpp
          ${PROJECT_SOURCE_DIR}/tests/support/system_faults.cpp
  LIBS lamina_api LABELS quick)
foreach(call open close fstat pread mmap munmap madvise)
  target_link_options(test_failing_files PRIVATE -Wl,--wrap=${call})
endforeach()

lamina_test(failing_threads SOURCES ${CMAKE_CURRENT_LIST_DIR}/threads_test.cpp LIBS lamina_api LABELS quick)
target_link_libraries(test_failing_threads PRIVATE ${CMAKE_DL_LIBS})
