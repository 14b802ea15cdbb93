lamina_test(format
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/test_gguf_hostile.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_gguf_parts.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_gguf_round_trip.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_gguf_sweep.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_gguf_tensors.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_model_file.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_open_model.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_safetensors.cpp
          ${CMAKE_CURRENT_LIST_DIR}/test_tensor_file.cpp
          ${PROJECT_SOURCE_DIR}/tests/support/allocations.cpp
  LIBS lamina_format LABELS quick)
