set(text_tests ${CMAKE_CURRENT_LIST_DIR})

lamina_test(unit_text
  SOURCES ${text_tests}/utf8_test.cpp
          ${text_tests}/special_matcher_test.cpp
          ${text_tests}/pretokenizer_test.cpp
          ${text_tests}/byte_bpe_test.cpp
          ${text_tests}/sentencepiece_test.cpp
          ${text_tests}/tokenizer_test.cpp
          ${text_tests}/hostile_vocabulary_test.cpp
  LIBS lamina_text LABELS quick)

# The two sources of lib/api that need neither engine nor backends, so that these tests build without them.
add_library(lamina_test_vocabulary STATIC ${PROJECT_SOURCE_DIR}/lib/api/vocabulary.cpp
                                          ${PROJECT_SOURCE_DIR}/lib/api/tokenizer.cpp)
target_link_libraries(lamina_test_vocabulary PUBLIC lamina_format lamina_text PRIVATE lamina_settings)

lamina_test(unit_text_read_vocabulary
  SOURCES ${text_tests}/read_vocabulary_test.cpp
  LIBS lamina_test_vocabulary LABELS quick)

lamina_test(model_tokenizers
  SOURCES ${text_tests}/model_tokenizers_test.cpp
  LIBS lamina_test_vocabulary LABELS models)
target_compile_definitions(test_model_tokenizers PRIVATE LAMINA_TEST_MODELS_DEFAULT="${CMAKE_BINARY_DIR}/models")
