#include "daemon/web/router.hpp"

#include <gtest/gtest.h>

#include "daemon/web/http.hpp"

namespace reachd {
namespace {

using web::match;
using web::Route;

TEST(Router, KnowsItsPaths) {
  EXPECT_EQ(match("GET", "/", true).route, Route::index);
  EXPECT_EQ(match("GET", "/metrics", true).route, Route::metrics);
  EXPECT_EQ(match("HEAD", "/-/healthy", true).route, Route::healthy);
  EXPECT_EQ(match("GET", "/-/ready", true).route, Route::ready);
  EXPECT_EQ(match("POST", "/-/reload", true).route, Route::reload);
  EXPECT_EQ(match("GET", "/api/v1/checks", true).route, Route::checks);
  EXPECT_EQ(match("GET", "/api/v1/plan", true).route, Route::plan);
  EXPECT_EQ(match("GET", "/sd/prometheus", true).route, Route::discovery);
}

TEST(Router, AnIdMayHoldSlashes) {
  const auto found = match("GET", "/api/v1/checks/custom/web/../x", true);
  EXPECT_EQ(found.route, Route::check);
  EXPECT_EQ(found.rest, "custom/web/../x");
}

TEST(Router, UnknownPathsAreNotFoundWhateverTheMethod) {
  for (const char* path : {"", "//", "/metrics/", "/METRICS", "/api/v1/checks/", "/api", "/-/",
                           "/../metrics", "/metrics/../-/healthy", "/etc/passwd"}) {
    EXPECT_EQ(match("GET", path, true).route, Route::not_found) << path;
    EXPECT_EQ(match("DELETE", path, true).route, Route::not_found) << path;
  }
}

TEST(Router, AWrongMethodIsToldWhatThePathTakes) {
  EXPECT_EQ(match("POST", "/metrics", true).route, Route::method_not_allowed);
  EXPECT_EQ(match("POST", "/metrics", true).allow, "GET, HEAD");
  EXPECT_EQ(match("GET", "/-/reload", true).route, Route::method_not_allowed);
  EXPECT_EQ(match("GET", "/-/reload", true).allow, "POST");
  EXPECT_EQ(match("PROPFIND", "/", true).route, Route::method_not_allowed);
  EXPECT_EQ(match("get", "/metrics", true).route, Route::method_not_allowed);
}

TEST(Router, BeyondLoopbackOnlyScrapesAndHealthAreOpen) {
  EXPECT_EQ(match("GET", "/metrics", false).route, Route::metrics);
  EXPECT_EQ(match("GET", "/-/healthy", false).route, Route::healthy);
  EXPECT_EQ(match("GET", "/-/ready", false).route, Route::ready);
  EXPECT_EQ(match("POST", "/-/reload", false).route, Route::forbidden);
  EXPECT_EQ(match("GET", "/", false).route, Route::forbidden);
  EXPECT_EQ(match("GET", "/api/v1/plan", false).route, Route::forbidden);
  EXPECT_EQ(match("GET", "/api/v1/checks", false).route, Route::forbidden);
  EXPECT_EQ(match("GET", "/api/v1/checks/custom/web", false).route, Route::forbidden);
  EXPECT_EQ(match("GET", "/sd/prometheus", false).route, Route::forbidden);
}

TEST(RequestTarget, IsPercentDecodedOnce) {
  const auto parts = web::parse_request_target("/api/v1/checks/custom%2Fweb%20a%2525?state=down");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->path, "/api/v1/checks/custom/web a%25");
  ASSERT_EQ(parts->query.size(), 1u);
  EXPECT_EQ(parts->query[0].first, "state");
  EXPECT_EQ(parts->query[0].second, "down");
}

TEST(RequestTarget, QueriesMayHoldPlusEmptyPartsAndNoValue) {
  const auto parts = web::parse_request_target("/?a=b+c&&d&e==%26");
  ASSERT_TRUE(parts);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"a", "b c"}, {"d", ""}, {"e", "=&"}};
  EXPECT_EQ(parts->query, expected);
}

TEST(RequestTarget, PlusInAPathIsAPlus) {
  EXPECT_EQ(web::parse_request_target("/a+b")->path, "/a+b");
}

TEST(RequestTarget, AbsoluteFormLosesItsAuthority) {
  EXPECT_EQ(web::parse_request_target("http://reachd.example.com:9790/metrics?x=1")->path,
            "/metrics");
  EXPECT_EQ(web::parse_request_target("HTTP://h?x=1")->path, "/");
  EXPECT_EQ(web::parse_request_target("http://h")->path, "/");
}

TEST(RequestTarget, RefusesWhatMakesNoSense) {
  for (const char* target : {"", "*", "metrics", "ftp://h/", "h:443", "/%", "/%4", "/%zz", "/%00",
                             "/%0d%0a", "/?a=%", "/%7f"}) {
    EXPECT_FALSE(web::parse_request_target(target)) << target;
  }
}

TEST(HttpDate, IsThatOfTheRfc) {
  EXPECT_EQ(web::http_date(WallTime(std::chrono::seconds(784111777))),
            "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace reachd
