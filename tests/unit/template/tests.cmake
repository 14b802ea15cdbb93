set(template_tests ${CMAKE_CURRENT_LIST_DIR})

lamina_test(unit_template
  SOURCES ${template_tests}/published_test.cpp
          ${template_tests}/snippets_test.cpp
          ${template_tests}/budgets_test.cpp
          ${template_tests}/provenance_test.cpp
          ${template_tests}/errors_test.cpp
          ${template_tests}/malformed_test.cpp
  LIBS lamina_text LABELS quick)

# lib/api's chat needs neither engine nor backends, so that this builds without them.
lamina_test(unit_chat
  SOURCES ${template_tests}/chat_test.cpp
          ${PROJECT_SOURCE_DIR}/lib/api/chat.cpp
          ${PROJECT_SOURCE_DIR}/lib/api/tokenizer.cpp
  LIBS lamina_text LABELS quick)

lamina_test(fetched_templates
  SOURCES ${template_tests}/fetched_test.cpp
  LIBS lamina_text LABELS models)
