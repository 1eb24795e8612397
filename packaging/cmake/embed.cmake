# reachd_embed(TARGET NAME FILES...): puts files into TARGET as one generated unit. Code includes "NAME.hpp" and gets
#   namespace reachd::embedded { std::span<const EmbeddedFile> NAME() noexcept; }   // {name, content}
# from the interface header config/embedded.hpp's EmbeddedFile. The files stay what they are, so editors know them.
function(reachd_embed target name)
  set(header "${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.hpp")
  set(source "${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.cpp")
  set(files)
  foreach(file ${ARGN})
    cmake_path(ABSOLUTE_PATH file)
    list(APPEND files ${file})
  endforeach()
  add_custom_command(
    OUTPUT ${header} ${source}
    COMMAND ${CMAKE_COMMAND} "-DNAME=${name}" "-DHEADER=${header}" "-DSOURCE=${source}" "-DFILES=${files}"
            -P ${PROJECT_SOURCE_DIR}/packaging/cmake/embed_files.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/packaging/cmake/embed_files.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${source} ${header})
  target_include_directories(${target} PRIVATE "${CMAKE_CURRENT_BINARY_DIR}/embedded")
endfunction()
