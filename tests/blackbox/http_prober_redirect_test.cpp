#include "tests/blackbox/http_prober_fixture.hpp"

namespace reachd {
namespace {

using test::HttpProbed;
using test::series;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class HttpProberRedirect : public test::HttpProberTest {
 protected:
  HttpProberRedirect() {
    lab.resolver.names["one.example"] = {*IpAddress::parse("127.0.0.1")};
    lab.resolver.names["other.example"] = {*IpAddress::parse("127.0.0.1")};
  }
  std::string at(const std::string& host, const std::string& path) const {
    return "http://" + host + ":" + std::to_string(site.port()) + path;
  }
};

TEST_F(HttpProberRedirect, IsFollowedToTheFinalAnswer) {
  answers["/"] = redirect("/two");
  answers["/two"] = redirect("three?x=1");
  answers["/three?x=1"] = page("here");
  const HttpProbed probed = probe({}, at("one.example", "/"));
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_EQ(series(probed, "probe_http_redirects"), "2");
  EXPECT_EQ(series(probed, "probe_http_status_code"), "200");
  EXPECT_EQ(series(probed, "probe_http_uncompressed_body_length"), "4");
  EXPECT_EQ(lab.resolver.asked.size(), 1U) << "one address serves its host";
}

TEST_F(HttpProberRedirect, ALoopEndsAfterTen) {
  answers["/"] = redirect("/");
  const HttpProbed probed = probe();
  EXPECT_FALSE(probed.success);
  EXPECT_EQ(series(probed, "probe_http_redirects"), "11");
  EXPECT_EQ(series(probed, "probe_http_status_code"), "302");
  EXPECT_EQ(requests.size(), 11U);
}

TEST_F(HttpProberRedirect, TenAreFollowed) {
  answers["/"] = redirect("/1");
  for (int i = 1; i < 10; ++i) {
    answers["/" + std::to_string(i)] = redirect("/" + std::to_string(i + 1));
  }
  answers["/10"] = page("");
  const HttpProbed probed = probe();
  EXPECT_TRUE(probed.success);
  EXPECT_EQ(series(probed, "probe_http_redirects"), "10");
}

TEST_F(HttpProberRedirect, MayBeTheAnswerItself) {
  answers["/"] = redirect("/two", "X-Header: yes\r\n");
  for (const char* key : {"follow_redirects: false", "no_follow_redirects: true"}) {
    const HttpProbed probed = probe({key, "valid_status_codes: [302]"});
    EXPECT_TRUE(probed.success) << probed.log;
    EXPECT_EQ(series(probed, "probe_http_redirects"), "1");
    EXPECT_EQ(series(probed, "probe_http_status_code"), "302");
  }
  EXPECT_FALSE(probe({"follow_redirects: false"}).success);
  EXPECT_TRUE(probe({"follow_redirects: false", "valid_status_codes: [302]",
                     "fail_if_header_not_matches: [{header: Location, regexp: two}]"})
                  .success);
  EXPECT_EQ(series(probe({"follow_redirects: false", "valid_status_codes: [302]",
                          "fail_if_body_matches_regexp: [x]"}),
                   "probe_failed_due_to_regex"),
            "1");
}

TEST_F(HttpProberRedirect, WithoutALocationItIsAnAnswer) {
  answers["/"] = "HTTP/1.1 302 Found\r\nContent-Length: 4\r\n\r\nhere";
  const HttpProbed probed = probe({"valid_status_codes: [302]"});
  EXPECT_TRUE(probed.success);
  EXPECT_EQ(series(probed, "probe_http_redirects"), "0");
  EXPECT_EQ(series(probed, "probe_http_uncompressed_body_length"), "4");
}

TEST_F(HttpProberRedirect, ToWhatIsNoHttpFails) {
  answers["/"] = redirect("ftp://one.example/");
  const HttpProbed probed = probe();
  EXPECT_FALSE(probed.success);
  EXPECT_EQ(series(probed, "probe_http_status_code"), "0");
  EXPECT_EQ(series(probed, "probe_http_redirects"), "1");
  EXPECT_THAT(probed.log, HasSubstr("the redirect can't be followed"));
}

TEST_F(HttpProberRedirect, ToAnotherHostTakesNoSecretsAlong) {
  answers["/"] = redirect(at("other.example", "/two"));
  answers["/two"] = page("");
  const HttpProbed probed = probe(
      {"basic_auth: {username: u, password: p}", "headers: {X-Key: secret, Accept: text/html}",
       "http_headers: {X-More: {secrets: [hidden]}}"},
      at("one.example", "/"));
  EXPECT_TRUE(probed.success) << probed.log;
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_THAT(requests[0], HasSubstr("Authorization: Basic "));
  EXPECT_THAT(requests[0], HasSubstr("X-Key: secret"));
  EXPECT_THAT(requests[0], HasSubstr("X-More: hidden"));
  EXPECT_THAT(requests[1], HasSubstr("\r\nHost: other.example:"));
  EXPECT_THAT(requests[1], HasSubstr("Accept: text/html"));
  EXPECT_THAT(requests[1], Not(HasSubstr("Authorization")));
  EXPECT_THAT(requests[1], Not(HasSubstr("X-Key")));
  EXPECT_THAT(requests[1], Not(HasSubstr("X-More")));
  EXPECT_EQ(lab.resolver.asked, (std::vector<std::string>{"one.example", "other.example"}));
}

TEST_F(HttpProberRedirect, ToItselfKeepsSecretsAndTheNameItWasAskedBy) {
  answers["/"] = redirect("/two");
  answers["/two"] = page("");
  EXPECT_TRUE(probe({"bearer_token: abc"}, url(), "virtual.example").success);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_THAT(requests[1], HasSubstr("\r\nHost: virtual.example\r\n"));
  EXPECT_THAT(requests[1], HasSubstr("Authorization: Bearer abc"));
}

TEST_F(HttpProberRedirect, ToWhatIsNotAllowedFailsTheProbe) {
  lab.allow({{"cidr", "127.0.0.1/32"}});
  lab.resolver.names["inside.example"] = {*IpAddress::parse("127.0.0.2")};
  answers["/name"] = redirect(at("inside.example", "/"));
  answers["/address"] = redirect(at("127.0.0.3", "/"));
  answers["/mapped"] = redirect(at("[::ffff:127.0.0.3]", "/"));
  for (const char* path : {"/name", "/address", "/mapped"}) {
    const HttpProbed probed = probe({}, url(path));
    EXPECT_FALSE(probed.success) << path;
    EXPECT_EQ(probed.refused, "") << "something was sent already";
    EXPECT_THAT(probed.log, HasSubstr("no entry of probe_allow")) << path;
    EXPECT_EQ(series(probed, "probe_http_status_code"), "0");
    EXPECT_EQ(series(probed, "probe_http_redirects"), "1");
  }
  EXPECT_EQ(requests.size(), 3U);
}

TEST_F(HttpProberRedirect, OfAPostBecomesAGetUnlessTheStatusKeepsIt) {
  answers["/"] = redirect("/two");
  answers["/two"] = page("");
  answers["/307"] = "HTTP/1.1 307 Temporary Redirect\r\nLocation: /two\r\n\r\n";
  EXPECT_TRUE(probe({"method: POST", "body: text"}).success);
  EXPECT_TRUE(probe({"method: POST", "body: text"}, url("/307")).success);
  EXPECT_TRUE(probe({"method: HEAD"}).success);
  ASSERT_EQ(requests.size(), 6U);
  EXPECT_THAT(requests[1], StartsWith("GET /two "));
  EXPECT_THAT(requests[1], Not(HasSubstr("text")));
  EXPECT_THAT(requests[3], StartsWith("POST /two "));
  EXPECT_THAT(requests[3], testing::EndsWith("\r\n\r\ntext"));
  EXPECT_THAT(requests[5], StartsWith("HEAD /two "));
}

TEST_F(HttpProberRedirect, KeepsCookiesOfOneProbeOnly) {
  answers["/"] = redirect("/two", "Set-Cookie: id=7; Path=/; HttpOnly\r\n");
  answers["/two"] = page("");
  EXPECT_TRUE(probe({"headers: {Cookie: own=1}"}).success);
  EXPECT_TRUE(probe().success);
  ASSERT_EQ(requests.size(), 4U);
  EXPECT_THAT(requests[0], HasSubstr("\r\nCookie: own=1\r\n"));
  EXPECT_THAT(requests[1], HasSubstr("\r\nCookie: own=1; id=7\r\n"));
  EXPECT_THAT(requests[2], Not(HasSubstr("Cookie")));
  EXPECT_THAT(requests[3], HasSubstr("\r\nCookie: id=7\r\n"));
}

TEST_F(HttpProberRedirect, ItsBodyIsNotWaitedFor) {
  answers["/"] = "HTTP/1.1 302 Found\r\nLocation: /two\r\nContent-Length: 1000\r\n\r\n";
  answers["/two"] = page("ok");
  const HttpProbed probed = probe();
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_EQ(series(probed, "probe_http_uncompressed_body_length"), "2");
}

}  // namespace
}  // namespace reachd
