lamina_test(exec SOURCES ${CMAKE_CURRENT_LIST_DIR}/batch_test.cpp LIBS lamina_api LABELS quick)
