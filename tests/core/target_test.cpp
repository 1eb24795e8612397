#include "probes/core/target.hpp"

#include <gtest/gtest.h>

namespace reachd {
namespace {

TEST(Target, TakesHostsAddressesAndUrlsApart) {
  const auto plain = parse_target("ERP.example.com:3300");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "erp.example.com");
  EXPECT_EQ(plain->port, 3300);
  EXPECT_FALSE(plain->literal);

  const auto v6 = parse_target("[2001:db8::1]:443");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "2001:db8::1");
  EXPECT_EQ(v6->port, 443);
  EXPECT_TRUE(v6->literal);

  const auto bare = parse_target("2001:db8::1", 22);
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->port, 22);

  const auto url = parse_target("https://Host.example:8443/ManageSoftRL?x=1");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "host.example");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->path, "/ManageSoftRL?x=1");

  EXPECT_EQ(parse_target("http://h")->port, 80);
  EXPECT_EQ(parse_target("https://h?q")->path, "/?q");
}

TEST(Target, RefusesBadHostsAndPorts) {
  for (const char* text :
       {"", "h:0", "h:70000", "h:", "a b", "exa mple.com", "10.0.0.300", "https://u:p@h/",
        "https://h/#f", "[::1", "[::1]x", "h..x", "-:", "http://h/a b"}) {
    EXPECT_FALSE(parse_target(text)) << text;
  }
}

TEST(Target, APasswordIsRefusedAndNotRepeated) {
  for (const char* text : {"https://user:hunter2@h/", "user:hunter2@h:22", "ftp://hunter2@h:1/"}) {
    const auto target = parse_target(text);
    ASSERT_FALSE(target) << text;
    EXPECT_TRUE(target.error().contains("user information")) << target.error();
    EXPECT_FALSE(target.error().contains("hunter2")) << target.error();
  }
}

}  // namespace
}  // namespace reachd
