lamina_test(engine
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/test_requests.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_context.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_cancel.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_faults.cpp
  LIBS lamina_engine
  LABELS quick threaded)

lamina_test(api
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/test_stop_matcher.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_piece_stream.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_answers.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_embedding.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_host.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_profile.cpp
    ${CMAKE_CURRENT_LIST_DIR}/test_session.cpp
  LIBS lamina_api
  LABELS quick threaded)
