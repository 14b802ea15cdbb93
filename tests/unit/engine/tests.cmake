lamina_test(engine
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/requests_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/context_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cancel_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/faults_test.cpp
  LIBS lamina_engine
  LABELS quick threaded)

lamina_test(api
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/stop_matcher_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/piece_stream_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/answers_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/embedding_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/host_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/profile_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/session_test.cpp
  LIBS lamina_api
  LABELS quick threaded)

# The thread sanitizer knows nothing of OpenMP's runtime. Beside the runtime that oneDNN brings, GCC's, the functions by
# which the test asks clang's for nested regions reach the wrong one.
if(OpenMP_CXX_FOUND AND NOT LAMINA_SANITIZE STREQUAL "thread" AND NOT LAMINA_FUZZ
   AND (CMAKE_CXX_COMPILER_ID STREQUAL "GNU" OR NOT LAMINA_HAS_ONEDNN))
  lamina_test(openmp SOURCES ${CMAKE_CURRENT_LIST_DIR}/openmp_test.cpp LIBS lamina_api OpenMP::OpenMP_CXX LABELS quick)
  # The common precompiled header is compiled without OpenMP.
  set_source_files_properties(${CMAKE_CURRENT_LIST_DIR}/openmp_test.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  add_test(NAME openmp_thread_limit COMMAND test_openmp [.thread_limit])
  set_tests_properties(openmp_thread_limit PROPERTIES LABELS quick ENVIRONMENT OMP_THREAD_LIMIT=2)
  set_tests_properties(openmp openmp_thread_limit PROPERTIES PROCESSORS 2)
endif()
