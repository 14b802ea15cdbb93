lamina_test(model SOURCES ${CMAKE_CURRENT_LIST_DIR}/model_test.cpp ${CMAKE_CURRENT_LIST_DIR}/rope_test.cpp
  LIBS lamina_model LABELS quick)
