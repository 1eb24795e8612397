# CMake toolchain: Windows 10 or later on x86-64, by clang 19 with the headers, libraries and C++ runtime of Debian's
# mingw-w64 (posix threads, msvcrt). For reachd and for the libraries that packaging/windows-service/build-deps makes.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_SYSTEM_VERSION 10.0)

set(triple x86_64-w64-mingw32)
set(CMAKE_C_COMPILER clang-19)
set(CMAKE_CXX_COMPILER clang++-19)
set(CMAKE_C_COMPILER_TARGET ${triple})
set(CMAKE_CXX_COMPILER_TARGET ${triple})
set(CMAKE_RC_COMPILER ${triple}-windres)
set(CMAKE_AR /usr/bin/llvm-ar-19)
set(CMAKE_RANLIB /usr/bin/llvm-ranlib-19)
# Debian's libstdc++ for mingw emulates thread-local storage: without the same here std::call_once and std::promise
# do not link.
set(CMAKE_C_FLAGS_INIT "-D_WIN32_WINNT=0x0A00 -DWINVER=0x0A00 -pthread")
set(CMAKE_CXX_FLAGS_INIT "${CMAKE_C_FLAGS_INIT} -femulated-tls")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -pthread -fuse-ld=lld")

if(NOT REACHD_WINDOWS_PREFIX)
  set(REACHD_WINDOWS_PREFIX "$ENV{REACHD_WINDOWS_PREFIX}")
endif()
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES REACHD_WINDOWS_PREFIX)
set(CMAKE_FIND_ROOT_PATH "${REACHD_WINDOWS_PREFIX}" /usr/${triple})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
