# Every <name>_test.cpp is one executable, test_op_<name>, and one test, op_<name>.
file(GLOB ops_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*_test.cpp)
foreach(source ${ops_tests})
  get_filename_component(op ${source} NAME_WE)
  string(REGEX REPLACE "_test$" "" op ${op})
  lamina_test(op_${op} SOURCES ${source} LIBS lamina_cpu lamina_reference LABELS quick threaded)
endforeach()
