# reachd_version(TARGET): adds the unit that implements daemon/version.hpp. Its commit is looked up at every build, and
# the unit is written only if something changed.
function(reachd_version target)
  set(output "${CMAKE_CURRENT_BINARY_DIR}/version.cpp")
  set(libraries "Boost=${Boost_VERSION_STRING}" "OpenSSL=${OPENSSL_VERSION}" "c-ares=${CARES_VERSION}"
      "yaml-cpp=${yaml-cpp_VERSION}" "spdlog=${spdlog_VERSION}" "fmt=${fmt_VERSION}" "CLI11=${CLI11_VERSION}"
      "zlib=${ZLIB_VERSION_STRING}" "SQLite=${SQLite3_VERSION}")
  add_custom_target(${target}_version BYPRODUCTS ${output}
    COMMAND ${CMAKE_COMMAND} "-DOUTPUT=${output}" "-DSOURCE_DIR=${PROJECT_SOURCE_DIR}"
            "-DVERSION=${PROJECT_VERSION}" "-DCOMPILER=clang ${CMAKE_CXX_COMPILER_VERSION}" "-DLIBRARIES=${libraries}"
            -P ${PROJECT_SOURCE_DIR}/packaging/cmake/version_unit.cmake
    COMMENT "" VERBATIM)
  add_dependencies(${target} ${target}_version)
  target_sources(${target} PRIVATE ${output})
endfunction()
