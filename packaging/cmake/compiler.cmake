# The compiler, the warnings, the sanitizers and ccache. Everything that is compiled with special flags links
# reachd_options; there are no global flags but the language standard and position independence.

if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  message(FATAL_ERROR
    "reachd is built with clang 19 (use a preset: cmake --preset release). g++ below 13 miscompiles coroutines: "
    "a co_await in a condition or a braced argument crashes at run time without a warning.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
include(CheckPIESupported)
check_pie_supported()

# -g1 keeps back traces and line numbers at half the object size of -g.
set(CMAKE_CXX_FLAGS_DEV "-O1 -g1")
set(CMAKE_C_FLAGS_DEV "-O1 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
if(WIN32)  # one build is tested and shipped, so it has to be quick to make
  set(CMAKE_CXX_FLAGS_RELEASE "-O1 -g1 -DNDEBUG")
endif()
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # With these two variables a clone in another folder hits the cache too.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
  set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
endif()

set(REACHD_SANITIZE "" CACHE STRING "sanitizers for -fsanitize=, e.g. address,undefined or thread")

add_library(reachd_sanitizers INTERFACE)
if(REACHD_SANITIZE)
  target_compile_options(reachd_sanitizers INTERFACE -fsanitize=${REACHD_SANITIZE} -fno-sanitize-recover=all
                         -fno-omit-frame-pointer)
  if(REACHD_SANITIZE MATCHES "undefined")
    # vptr needs a descriptor at each check, and calls every object wrong in the tests that leave the process none.
    target_compile_options(reachd_sanitizers INTERFACE -fno-sanitize=vptr)
  endif()
  target_link_options(reachd_sanitizers INTERFACE -fsanitize=${REACHD_SANITIZE})
endif()

option(REACHD_FUZZ "instrument for libFuzzer and build reachd_fuzz" OFF)
if(REACHD_FUZZ)
  target_compile_options(reachd_sanitizers INTERFACE -fsanitize=fuzzer-no-link)
endif()

add_library(reachd_options INTERFACE)
target_link_libraries(reachd_options INTERFACE reachd_sanitizers)
target_include_directories(reachd_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(reachd_options INTERFACE _GLIBCXX_ASSERTIONS)
target_compile_options(reachd_options INTERFACE
  -Werror -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wcast-align
  -Wnon-virtual-dtor -Woverloaded-virtual -Wnull-dereference -Wdouble-promotion -Wformat=2
  -Wimplicit-fallthrough -Wunused -Wextra-semi -Wsuggest-override)
if(NOT REACHD_SANITIZE AND CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(reachd_options INTERFACE -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    target_link_options(reachd_options INTERFACE -Wl,-z,relro,-z,now)
  endif()
endif()
if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
  target_link_options(reachd_options INTERFACE -fuse-ld=lld)
endif()
if(WIN32)
  target_compile_definitions(reachd_options INTERFACE NOMINMAX WIN32_LEAN_AND_MEAN UNICODE _UNICODE)
  target_compile_options(reachd_options INTERFACE -fstack-protector-strong)
  # Addresses that nobody can guess, data that is never run, and the same file from the same sources.
  target_link_options(reachd_options INTERFACE -Wl,--dynamicbase,--nxcompat,--high-entropy-va,--no-insert-timestamp)
  target_link_options(reachd_options INTERFACE -Wl,--gc-sections)
endif()
