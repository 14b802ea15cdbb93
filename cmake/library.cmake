# lamina::lamina: everything a host links, one library made of all components; shared with BUILD_SHARED_LIBS.
get_property(components GLOBAL PROPERTY lamina_components)
foreach(component ${components})
  list(APPEND objects $<TARGET_OBJECTS:${component}>)
endforeach()
add_library(lamina ${objects})
add_library(lamina::lamina ALIAS lamina)
set_target_properties(lamina PROPERTIES LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION}
  SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})

# Hosts see the public headers alone, and need the standard that these are written in.
target_include_directories(lamina PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(lamina PUBLIC cxx_std_20)
target_link_libraries(lamina PRIVATE Threads::Threads fmt::fmt PkgConfig::pcre2 PkgConfig::utf8proc
                                     $<BUILD_INTERFACE:lamina_settings>)
if(LAMINA_HAS_ONEDNN)
  # An installed lamina brings its own copy (cmake/install.cmake).
  target_link_libraries(lamina PRIVATE $<BUILD_INTERFACE:DNNL::dnnl> $<INSTALL_INTERFACE:lamina::dnnl> gomp)
endif()

if(BUILD_SHARED_LIBS)
  # Hides what the standard library's templates leave in the objects.
  set(map ${PROJECT_SOURCE_DIR}/cmake/exports.map)
  target_link_options(lamina PRIVATE -Wl,--version-script=${map})
  set_property(TARGET lamina PROPERTY LINK_DEPENDS ${map})
else()
  target_compile_definitions(lamina PUBLIC LAMINA_STATIC)
  # Hosts in C do not link these by themselves.
  target_link_libraries(lamina PRIVATE $<INSTALL_INTERFACE:stdc++> $<INSTALL_INTERFACE:m>)
endif()
