# The documentation of the public headers is complete.
if(PROJECT_IS_TOP_LEVEL)
  add_test(NAME docs COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/docs_test.py ${PROJECT_BINARY_DIR}/Doxyfile)
  set_tests_properties(docs PROPERTIES LABELS docs)
endif()
