#include "probes/net/http.hpp"

#include <gtest/gtest.h>

#include "probes/net/http_text.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;

std::string led_to(const std::string& base, const std::string& location) {
  const auto target = resolve_location(*parse_target(base), location);
  return target ? url_text(*target, true) : "error";
}

TEST(Location, IsResolvedAsTheRfcSays) {
  const std::string base = "http://host.example:8080/a/b?q=1";
  EXPECT_EQ(led_to(base, "https://other.example/x"), "https://other.example/x");
  EXPECT_EQ(led_to(base, "//other.example:81/x"), "http://other.example:81/x");
  EXPECT_EQ(led_to(base, "/login?next=/a#top"), "http://host.example:8080/login?next=/a");
  EXPECT_EQ(led_to(base, "c"), "http://host.example:8080/a/c");
  EXPECT_EQ(led_to(base, "../c/./d/.."), "http://host.example:8080/c/");
  EXPECT_EQ(led_to(base, "/../../c"), "http://host.example:8080/c");
  EXPECT_EQ(led_to(base, "?p=2"), "http://host.example:8080/a/b?p=2");
  EXPECT_EQ(led_to(base, ""), "http://host.example:8080/a/b");
  EXPECT_EQ(led_to(base, "/with space\xc3\xa9"), "http://host.example:8080/with%20space%C3%A9");
  EXPECT_EQ(led_to("http://[2001:db8::1]/", "/x"), "http://[2001:db8::1]/x");
}

TEST(Location, OtherSchemesAndCredentialsAreRefused) {
  const std::string base = "https://host.example/";
  EXPECT_EQ(led_to(base, "ftp://host.example/x"), "error");
  EXPECT_EQ(led_to(base, "javascript:alert(1)"), "error");
  EXPECT_EQ(led_to(base, "http://user:secret@host.example/"), "error");
  EXPECT_EQ(led_to(base, "http:///x"), "error");
}

TEST(Url, LeavesOutTheUsualPortAndTheQueryUnlessAskedFor) {
  const auto target = parse_target("https://host.example:443/p?token=1");
  EXPECT_EQ(url_text(*target, false), "https://host.example/p");
  EXPECT_EQ(url_text(*target, true), "https://host.example/p?token=1");
}

TEST(HttpDate, ReadsTheFormThatServersMustSend) {
  const auto date = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_TRUE(date);
  EXPECT_EQ(*date, WallTime(std::chrono::seconds(784'111'777)));
  EXPECT_FALSE(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"));
  EXPECT_FALSE(parse_http_date("Sun, 31 Feb 1994 08:49:37 GMT"));
  EXPECT_FALSE(parse_http_date("Sun, 06 Nov 1994 -8:49:37 GMT"));
  EXPECT_FALSE(parse_http_date(""));
}

TEST(Authority, BracketsIpv6) {
  EXPECT_EQ(authority("host", 80), "host:80");
  EXPECT_EQ(authority("2001:db8::1", 443), "[2001:db8::1]:443");
  EXPECT_EQ(authority("host", 0), "host");
}

}  // namespace
}  // namespace reachd::net
