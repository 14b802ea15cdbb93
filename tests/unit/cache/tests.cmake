lamina_test(cache SOURCES ${CMAKE_CURRENT_LIST_DIR}/sequences_test.cpp LIBS lamina_cache LABELS quick)
