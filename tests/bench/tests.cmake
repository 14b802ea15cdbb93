# Programs that measure; built on demand (ninja linear_bench), never run as tests.
add_executable(linear_bench EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/linear_bench.cpp)
target_link_libraries(linear_bench PRIVATE lamina_cpu lamina_settings)
target_include_directories(linear_bench PRIVATE ${PROJECT_SOURCE_DIR}/tests)

add_executable(ops_bench EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/ops_bench.cpp)
target_link_libraries(ops_bench PRIVATE lamina_cpu lamina_reference lamina_settings)
target_include_directories(ops_bench PRIVATE ${PROJECT_SOURCE_DIR}/tests)

add_executable(load_bench EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/load_bench.cpp)
target_link_libraries(load_bench PRIVATE lamina_api lamina_settings)
target_include_directories(load_bench PRIVATE ${PROJECT_SOURCE_DIR}/lib)

add_executable(logits_hash EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/logits_hash.cpp)
target_link_libraries(logits_hash PRIVATE lamina_api lamina_settings)

if(OpenMP_CXX_FOUND)
  add_executable(openmp_bench EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/openmp_bench.cpp)
  target_link_libraries(openmp_bench PRIVATE lamina_api lamina_settings OpenMP::OpenMP_CXX)
endif()
