# Installs lamina, static and shared, and builds hosts outside of the tree against it. Sanitizers would have to be theirs too.
if(NOT LAMINA_SANITIZE AND NOT LAMINA_FUZZ AND LAMINA_INSTALL)
  add_executable(install_text_model ${CMAKE_CURRENT_LIST_DIR}/text_model.cpp)
  target_include_directories(install_text_model PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_link_libraries(install_text_model PRIVATE lamina_api lamina_catch_main lamina_settings)
  add_test(NAME install COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/install_test.py
           ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR} $<TARGET_FILE:install_text_model>)
  set_tests_properties(install PROPERTIES LABELS install PROCESSORS 2 TIMEOUT 1500)
endif()
