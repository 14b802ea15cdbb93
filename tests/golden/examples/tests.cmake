# The examples, run as a reader would.
if(NOT TARGET example_embed)
  return()
endif()
add_test(NAME example_embed COMMAND Python3::Interpreter ${CMAKE_CURRENT_LIST_DIR}/embed_test.py)
set_tests_properties(example_embed PROPERTIES LABELS models PROCESSORS 2 ENVIRONMENT
  "LAMINA_EMBED=$<TARGET_FILE:example_embed>;LAMINA_TEST_MODELS=${LAMINA_TEST_MODELS};PYTHONDONTWRITEBYTECODE=1")
