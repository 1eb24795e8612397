# Every library that reachd uses, each found once. Debian 12 has all of them as packages; for Windows
# packaging/windows-service/build-deps makes them of the same sources.

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(date REQUIRED)
# libxcrypt: bcrypt, for passwords.
find_path(CRYPT_INCLUDE_DIR crypt.h REQUIRED)
find_library(CRYPT_LIBRARY crypt REQUIRED)
add_library(reachd_crypt INTERFACE IMPORTED)
set_target_properties(reachd_crypt PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${CRYPT_INCLUDE_DIR}"
                                              INTERFACE_LINK_LIBRARIES "${CRYPT_LIBRARY}")
if(WIN32)
  find_package(Boost 1.81 REQUIRED)
  add_library(reachd_json STATIC ${CMAKE_CURRENT_LIST_DIR}/boost_json.cpp)
  target_link_libraries(reachd_json PUBLIC Boost::headers)
  find_package(c-ares REQUIRED)
  find_package(re2 REQUIRED)
  set(CARES_VERSION ${c-ares_VERSION})
  add_library(reachd_cares ALIAS c-ares::cares)
  add_library(reachd_re2 ALIAS re2::re2)
else()
  find_package(Boost 1.81 REQUIRED COMPONENTS json)
  add_library(reachd_json ALIAS Boost::json)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
  pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
  add_library(reachd_cares ALIAS PkgConfig::CARES)
  add_library(reachd_re2 ALIAS PkgConfig::RE2)
endif()

# Asio, its SSL part and Beast are compiled once, here; the definitions must be the same in every unit that sees their
# headers, or the one-definition rule breaks silently, hence PUBLIC.
add_library(boost_impl STATIC ${CMAKE_CURRENT_LIST_DIR}/boost_asio.cpp ${CMAKE_CURRENT_LIST_DIR}/boost_beast.cpp)
target_compile_definitions(boost_impl PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                           BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(boost_impl PUBLIC Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads
                      PRIVATE reachd_sanitizers)
if(WIN32)
  # ssp: what -fstack-protector-strong and _FORTIFY_SOURCE call.
  target_link_libraries(boost_impl PUBLIC ws2_32 mswsock iphlpapi crypt32 advapi32 bcrypt ssp)
endif()
