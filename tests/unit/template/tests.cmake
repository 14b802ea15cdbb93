set(template_tests ${CMAKE_CURRENT_LIST_DIR})

lamina_test(unit_template
  SOURCES ${template_tests}/test_published.cpp
          ${template_tests}/test_snippets.cpp
          ${template_tests}/test_budgets.cpp
          ${template_tests}/test_provenance.cpp
          ${template_tests}/test_errors.cpp
          ${template_tests}/test_malformed.cpp
  LIBS lamina_text LABELS quick)

# lib/api's chat needs neither engine nor backends, so that this builds without them.
lamina_test(unit_chat
  SOURCES ${template_tests}/test_chat.cpp
          ${PROJECT_SOURCE_DIR}/lib/api/chat.cpp
          ${PROJECT_SOURCE_DIR}/lib/api/tokenizer.cpp
  LIBS lamina_text LABELS quick)

lamina_test(fetched_templates
  SOURCES ${template_tests}/test_fetched.cpp
  LIBS lamina_text LABELS models)
