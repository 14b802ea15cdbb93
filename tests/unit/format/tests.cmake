lamina_test(format
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/gguf_hostile_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/gguf_parts_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/gguf_round_trip_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/gguf_sweep_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/gguf_tensors_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/model_file_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/open_model_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/safetensors_test.cpp
          ${CMAKE_CURRENT_LIST_DIR}/tensor_file_test.cpp
          ${PROJECT_SOURCE_DIR}/tests/support/allocations.cpp
  LIBS lamina_format LABELS quick)
