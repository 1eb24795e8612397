#include "daemon/blackbox/http_prober_cookies.hpp"

#include <gtest/gtest.h>

#include "probes/net/http_text.hpp"

namespace reachd::blackbox {
namespace {

Target url(const std::string& text) { return *parse_target(text); }

/// What is sent to `to` after `from` said these lines.
std::string sent(const std::vector<std::string>& lines, const std::string& from,
                 const std::string& to) {
  net::HttpResponse response;
  for (const std::string& line : lines) {
    response.headers.emplace_back("Set-Cookie", line);
  }
  CookieJar jar;
  jar.take(url(from), response, WallTime(std::chrono::seconds(1'800'000'000)));
  return jar.line_for(url(to));
}

constexpr const char* kSite = "https://www.site.example/a/b?q";

TEST(CookieJar, GoesBackToTheHostThatSetIt) {
  EXPECT_EQ(sent({"a=1", " b = two; HttpOnly"}, kSite, "https://www.site.example/a/"),
            "a=1; b=two");
  EXPECT_EQ(sent({"a=1"}, kSite, "https://www.site.example:8443/a/c"), "a=1");
  EXPECT_EQ(sent({"a=1"}, kSite, "https://site.example/a/"), "");
  EXPECT_EQ(sent({"a=1"}, kSite, "https://x.www.site.example/a/"), "");
}

TEST(CookieJar, ADomainCoversWhatIsBelowIt) {
  const std::string line = "a=1; Domain=.Site.example; Path=/";
  EXPECT_EQ(sent({line}, kSite, "https://site.example/"), "a=1");
  EXPECT_EQ(sent({line}, kSite, "https://app.site.example/"), "a=1");
  EXPECT_EQ(sent({line}, kSite, "https://badsite.example/"), "");
  EXPECT_EQ(sent({"a=1; Domain=example; Path=/"}, kSite, "https://other.example/"), "");
  EXPECT_EQ(sent({"a=1; Domain=other.example"}, kSite, "https://other.example/a/"), "");
  EXPECT_EQ(sent({"a=1; Domain=0.0.1; Path=/"}, "http://127.0.0.1/", "http://8.0.0.1/"), "");
}

TEST(CookieJar, APathCoversWhatIsBelowIt) {
  EXPECT_EQ(sent({"a=1"}, kSite, "https://www.site.example/"), "");
  EXPECT_EQ(sent({"a=1; Path=/x"}, kSite, "https://www.site.example/x/y"), "a=1");
  EXPECT_EQ(sent({"a=1; Path=/x"}, kSite, "https://www.site.example/xy"), "");
  EXPECT_EQ(sent({"a=1"}, "https://www.site.example/top", "https://www.site.example/"), "a=1");
}

TEST(CookieJar, SecureOnesStayOnTls) {
  EXPECT_EQ(sent({"a=1; Path=/; Secure"}, kSite, "http://www.site.example/"), "");
  EXPECT_EQ(sent({"a=1; Path=/"}, kSite, "http://www.site.example/"), "a=1");
}

TEST(CookieJar, WhatIsOverIsGone) {
  const auto left = [](const std::string& last) {
    return sent({"a=1; Path=/", last}, kSite, "https://www.site.example/");
  };
  EXPECT_EQ(left("a=2; Path=/"), "a=2");
  EXPECT_EQ(left("a=2; Path=/; Max-Age=0"), "");
  EXPECT_EQ(left("a=2; Path=/; Expires=Thu, 01-Jan-1970 00:00:00 GMT"), "");
  EXPECT_EQ(left("a=2; Path=/; Expires=Thu, 01 Jan 2037 00:00:00 GMT"), "a=2");
  EXPECT_EQ(left("a=2; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"), "a=2");
}

TEST(CookieJar, IsBounded) {
  std::vector<std::string> lines{"long=" + std::string(5000, 'x')};
  for (int i = 0; i < 1000; ++i) {
    lines.push_back("c" + std::to_string(i) + "=" + std::string(10, 'y'));
  }
  const std::string line = sent(lines, kSite, kSite);
  EXPECT_LT(line.size(), 1000U);
  EXPECT_EQ(line.find("long"), std::string::npos);
}

TEST(CookieJar, RubbishIsNoCookie) {
  for (const char* line : {"", ";", "=", "=x; Path=/", "a b=c", "; Domain=", ";;;;"}) {
    EXPECT_EQ(sent({line}, kSite, kSite), "") << line;
  }
}

}  // namespace
}  // namespace reachd::blackbox
