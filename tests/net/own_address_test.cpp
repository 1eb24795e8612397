#include <gtest/gtest.h>

#include "probes/net/error_queue.hpp"

namespace reachd::net {
namespace {

IpAddress ip(const char* text) { return *IpAddress::parse(text); }

TEST(OwnAddress, LoopbackIsAlwaysOwn) {
  EXPECT_TRUE(is_own_address(ip("127.0.0.1")));
  EXPECT_TRUE(is_own_address(ip("127.9.9.9")));
  EXPECT_TRUE(is_own_address(ip("::1")));
}

TEST(OwnAddress, OthersAreNot) {
  EXPECT_FALSE(is_own_address(ip("192.0.2.1")));
  EXPECT_FALSE(is_own_address(ip("2001:db8::1")));
  EXPECT_FALSE(is_own_address(ip("0.0.0.0")));
}

TEST(OwnAddress, TheSourceOfWhatIsSentIsOwn) {
  EXPECT_EQ(source_address(ip("127.0.0.1")), ip("127.0.0.1"));
  // Nothing is sent; a host without a route has no source either.
  const auto outside = source_address(ip("192.0.2.1"));
  EXPECT_TRUE(!outside || is_own_address(*outside)) << outside->to_string();
}

}  // namespace
}  // namespace reachd::net
