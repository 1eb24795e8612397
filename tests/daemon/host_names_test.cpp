#include "daemon/web/host_names.hpp"

#include <gtest/gtest.h>

namespace reachd::web {
namespace {

std::vector<std::string> own_names() { return {"beacon-1", "Monitor.example.com"}; }

TEST(OwnHost, LiteralsAndLocalhostAreAlwaysOurs) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:9790", "[::1]:9790", "[::1]", "localhost",
                           "LOCALHOST:80", "reachd.localhost", "localhost.:9790", "10.0.0.7:1"}) {
    EXPECT_TRUE(is_own_host(host, {})) << host;
  }
}

TEST(OwnHost, NamesThatWeGoByAreOurs) {
  for (const char* host : {"beacon-1", "beacon-1:9790", "BEACON-1.", "monitor.example.com:443"}) {
    EXPECT_TRUE(is_own_host(host, own_names())) << host;
    EXPECT_FALSE(is_own_host(host, {})) << host;
  }
}

TEST(OwnHost, AStrangersNameIsNot) {
  for (const char* host :
       {"evil.example", "beacon-1.evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
        "notlocalhost", "xlocalhost:9790", "[::1", ":80", "127.0.0.1@evil.example"}) {
    EXPECT_FALSE(is_own_host(host, own_names())) << host;
  }
}

TEST(OwnHost, WithoutTheHeaderItIsNoBrowser) { EXPECT_TRUE(is_own_host("", {})); }

}  // namespace
}  // namespace reachd::web
