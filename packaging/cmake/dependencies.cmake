# Every library that reachd uses, each found once. Debian 12 has all of them as packages.

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(yaml-cpp REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(date REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(CARES REQUIRED IMPORTED_TARGET libcares)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)

# Asio, its SSL part and Beast are compiled once, here; the definitions must be the same in every unit that sees their
# headers, or the one-definition rule breaks silently, hence PUBLIC.
add_library(boost_impl STATIC ${CMAKE_CURRENT_LIST_DIR}/boost_asio.cpp ${CMAKE_CURRENT_LIST_DIR}/boost_beast.cpp)
target_compile_definitions(boost_impl PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                           BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(boost_impl PUBLIC Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads
                      PRIVATE reachd_sanitizers)
