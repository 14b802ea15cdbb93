# One static library a folder of lib/, so that the include rules of lib/README.md are link rules too.

# lamina_component(NAME folder DEPENDS ...): a library of every .cpp in the folder and below.
function(lamina_component name folder)
  cmake_parse_arguments(arg "" "" "DEPENDS;INCLUDES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cpp)
  if(NOT sources)
    add_library(lamina_${name} INTERFACE)
    target_link_libraries(lamina_${name} INTERFACE lamina_settings ${arg_DEPENDS})
    target_include_directories(lamina_${name} INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/lib ${arg_INCLUDES})
    return()
  endif()
  add_library(lamina_${name} STATIC ${sources})
  set_property(GLOBAL APPEND PROPERTY lamina_components lamina_${name})
  target_link_libraries(lamina_${name} PUBLIC ${arg_DEPENDS} PRIVATE lamina_settings)
  target_compile_definitions(lamina_${name} PUBLIC $<$<NOT:$<BOOL:${BUILD_SHARED_LIBS}>>:LAMINA_STATIC>)
  target_include_directories(lamina_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/lib ${arg_INCLUDES})
endfunction()
