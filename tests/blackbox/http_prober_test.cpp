#include <fstream>

#include "tests/blackbox/http_prober_fixture.hpp"
#include "tests/support/compress.hpp"
#include "tests/support/temporary_folder.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::compress;
using test::Frame;
using test::HttpProbed;
using test::series;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

using HttpProber = test::HttpProberTest;

std::string names_of(const HttpProbed& probed) {
  std::string names;
  std::size_t at = 0;
  while (at < probed.text.size()) {
    const std::size_t end = probed.text.find('\n', at);
    names += probed.text.substr(at, probed.text.find(' ', at) - at) + "\n";
    at = end + 1;
  }
  return names;
}

TEST_F(HttpProber, APageHasTheSeriesOfBlackboxExporter) {
  answers["/"] = page("hello", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  const HttpProbed probed = probe();
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_EQ(names_of(probed),
            "probe_dns_lookup_time_seconds\n"
            "probe_failed_due_to_regex\n"
            "probe_http_content_length\n"
            "probe_http_duration_seconds{phase=\"connect\"}\n"
            "probe_http_duration_seconds{phase=\"processing\"}\n"
            "probe_http_duration_seconds{phase=\"resolve\"}\n"
            "probe_http_duration_seconds{phase=\"tls\"}\n"
            "probe_http_duration_seconds{phase=\"transfer\"}\n"
            "probe_http_last_modified_timestamp_seconds\n"
            "probe_http_redirects\n"
            "probe_http_ssl\n"
            "probe_http_status_code\n"
            "probe_http_uncompressed_body_length\n"
            "probe_http_version\n"
            "probe_ip_addr_hash\n"
            "probe_ip_protocol\n");
  EXPECT_EQ(series(probed, "probe_http_status_code"), "200");
  EXPECT_EQ(series(probed, "probe_http_content_length"), "5");
  EXPECT_EQ(series(probed, "probe_http_uncompressed_body_length"), "5");
  EXPECT_EQ(series(probed, "probe_http_version"), "1.1");
  EXPECT_EQ(series(probed, "probe_http_redirects"), "0");
  EXPECT_EQ(series(probed, "probe_http_ssl"), "0");
  EXPECT_EQ(series(probed, "probe_http_last_modified_timestamp_seconds"), "7.84111777e+08");
  EXPECT_EQ(series(probed, "probe_ip_protocol"), "4");
  EXPECT_EQ(series(probed, "probe_http_duration_seconds{phase=\"tls\"}"), "0");
  EXPECT_NE(series(probed, "probe_http_duration_seconds{phase=\"connect\"}"), "0");
  EXPECT_NE(series(probed, "probe_http_duration_seconds{phase=\"processing\"}"), "0");
}

TEST_F(HttpProber, SaysWhoAsksAndThatTheConnectionEnds) {
  answers["/"] = page("");
  probe();
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_THAT(requests[0], MatchesRegex("GET / HTTP/1.1\r\nHost: " + site.target() +
                                        "\r\nUser-Agent: reachd/\\S+ .reachability check.\r\n"
                                        "Connection: close\r\n\r\n"));
}

TEST_F(HttpProber, ATargetWithoutASchemeIsPlainHttp) {
  answers["/a%20b?q=1"] = page("");
  EXPECT_TRUE(probe({}, site.target() + "/a b?q=1#part").success);
  answers["/"] = page("");
  EXPECT_TRUE(probe({}, "HTTP://" + site.target()).success);
}

TEST_F(HttpProber, WithoutAnAnswerTheValuesAreZero) {
  const HttpProbed probed = probe_script(test::reply(""));
  EXPECT_FALSE(probed.success);
  EXPECT_EQ(series(probed, "probe_http_status_code"), "0");
  EXPECT_EQ(series(probed, "probe_http_content_length"), "0");
  EXPECT_EQ(series(probed, "probe_http_version"), "0");
  EXPECT_EQ(series(probed, "probe_http_duration_seconds{phase=\"processing\"}"), "0");
  EXPECT_EQ(series(probed, "probe_http_duration_seconds{phase=\"transfer\"}"), "0");
  EXPECT_FALSE(series(probed, "probe_http_last_modified_timestamp_seconds"));
  EXPECT_THAT(probed.log, HasSubstr("the server closed without an answer"));
}

TEST_F(HttpProber, WithoutAnAddressThePhasesAfterItAreMissing) {
  const HttpProbed probed = probe({}, "http://nowhere.example/");
  EXPECT_FALSE(probed.success);
  EXPECT_TRUE(series(probed, "probe_http_duration_seconds{phase=\"resolve\"}"));
  EXPECT_FALSE(series(probed, "probe_http_duration_seconds{phase=\"connect\"}"));
  EXPECT_EQ(series(probed, "probe_ip_protocol"), "0");
  EXPECT_EQ(series(probed, "probe_failed_due_to_regex"), "0");
}

TEST_F(HttpProber, APhaseThatFailedTookNoTimeAndThoseBeforeItDid) {
  const auto time_of = [](const HttpProbed& probed, const std::string& phase) {
    return series(probed, "probe_http_duration_seconds{phase=\"" + phase + "\"}");
  };
  std::string closed;
  {
    const test::LoopbackServer gone(lab.context, test::mute());
    closed = gone.target();
  }
  EXPECT_EQ(time_of(probe({}, closed), "connect"), "0");
  answers["/"] = page("");
  const HttpProbed no_tls = probe({}, "https://" + site.target() + "/");
  EXPECT_FALSE(no_tls.success);
  EXPECT_NE(time_of(no_tls, "connect"), "0");
  EXPECT_EQ(time_of(no_tls, "tls"), "0");
}

TEST_F(HttpProber, ATargetThatIsNoUrlFails) {
  const HttpProbed probed = probe({}, "http://user:secret@host.example/");
  EXPECT_FALSE(probed.success);
  EXPECT_THAT(probed.log, HasSubstr("the target is no URL"));
  EXPECT_THAT(probed.log, Not(HasSubstr("secret")));
  EXPECT_FALSE(series(probed, "probe_ip_protocol"));
}

TEST_F(HttpProber, StatusesThatAreTaken) {
  answers["/"] = "HTTP/1.1 204 No Content\r\n\r\n";
  EXPECT_TRUE(probe().success);
  answers["/"] = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone";
  const HttpProbed missing = probe();
  EXPECT_FALSE(missing.success);
  EXPECT_EQ(series(missing, "probe_http_status_code"), "404");
  EXPECT_EQ(series(missing, "probe_http_uncompressed_body_length"), "4");
  EXPECT_TRUE(probe({"valid_status_codes: [200, 404]"}).success);
  EXPECT_FALSE(probe({"valid_status_codes: [200]"}).success);
}

TEST_F(HttpProber, VersionsThatAreTaken) {
  answers["/"] = "HTTP/1.0 200 OK\r\n\r\nold";
  const HttpProbed old = probe({"valid_http_versions: [HTTP/1.1]"});
  EXPECT_FALSE(old.success);
  EXPECT_EQ(series(old, "probe_http_version"), "1");
  EXPECT_TRUE(probe({"valid_http_versions: [HTTP/1.1, HTTP/1.0]"}).success);
}

TEST_F(HttpProber, TheLengthOfTheContentIsThatOfGo) {
  const auto length = [&](const std::string& answer, const std::vector<std::string>& keys = {}) {
    answers["/"] = answer;
    return series(probe(keys), "probe_http_content_length").value_or("none");
  };
  EXPECT_EQ(length("HTTP/1.1 200 OK\r\n\r\nuntil the end"), "-1");
  EXPECT_EQ(length("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"),
            "-1");
  EXPECT_EQ(length("HTTP/1.1 204 No Content\r\n\r\n"), "0");
  EXPECT_EQ(length("HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n", {"method: HEAD"}), "77");
  EXPECT_EQ(length("HTTP/1.1 200 OK\r\n\r\n", {"method: HEAD"}), "-1");
}

TEST_F(HttpProber, SendsMethodHeadersAndBody) {
  answers["/"] = page("");
  EXPECT_TRUE(probe({"method: POST", "body: '{\"a\": 1}'",
                     "headers: {Content-Type: application/json, User-Agent: mine, "
                     "Host: other.example}",
                     "http_headers: {X-Token: {values: [one], secrets: [two]}}"})
                  .success);
  ASSERT_EQ(requests.size(), 1U);
  EXPECT_THAT(requests[0], StartsWith("POST / HTTP/1.1\r\nHost: other.example\r\n"));
  EXPECT_THAT(requests[0], HasSubstr("Content-Type: application/json\r\n"));
  EXPECT_THAT(requests[0], HasSubstr("User-Agent: mine\r\n"));
  EXPECT_THAT(requests[0], Not(HasSubstr("User-Agent: reachd")));
  EXPECT_THAT(requests[0], HasSubstr("X-Token: one\r\nX-Token: two\r\n"));
  EXPECT_THAT(requests[0], HasSubstr("Content-Length: 8\r\n"));
  EXPECT_THAT(requests[0], testing::EndsWith("\r\n\r\n{\"a\": 1}"));
}

TEST_F(HttpProber, TheHostnameParameterIsTheHostHeader) {
  answers["/"] = page("");
  EXPECT_TRUE(probe({}, url(), "virtual.example").success);
  EXPECT_THAT(requests.at(0), HasSubstr("\r\nHost: virtual.example\r\n"));
}

TEST_F(HttpProber, ReadsFilesAtEachUse) {
  const test::TemporaryFolder folder;
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder.path() / name, std::ios::binary) << text;
    return (folder.path() / name).generic_string();
  };
  const std::string body = write("body", " as it is\n");
  const std::string password = write("password", "first\n");
  answers["/"] = page("");
  const std::vector<std::string> keys{
      "method: POST", "body_file: '" + body + "'",
      "basic_auth: {username: user, password_file: '" + password + "'}"};
  EXPECT_TRUE(probe(keys).success);
  write("password", "second\n");
  EXPECT_TRUE(probe(keys).success);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_THAT(requests[0], testing::EndsWith("\r\n\r\n as it is\n"));
  EXPECT_THAT(requests[0], HasSubstr("Authorization: Basic dXNlcjpmaXJzdA==\r\n"));
  EXPECT_THAT(requests[1], HasSubstr("Authorization: Basic dXNlcjpzZWNvbmQ=\r\n"));
  std::filesystem::remove(folder.path() / "password");
  const HttpProbed without = probe(keys);
  EXPECT_FALSE(without.success);
  EXPECT_THAT(without.log, HasSubstr("can't read the file"));
  write("password", "two\r\nX-Evil: lines");
  EXPECT_TRUE(probe(keys).success) << "base64 holds any byte";
}

TEST_F(HttpProber, CredentialsOfEitherKind) {
  answers["/"] = page("");
  EXPECT_TRUE(probe({"authorization: {type: Token, credentials: abc}"}).success);
  EXPECT_TRUE(probe({"bearer_token: def"}).success);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_THAT(requests[0], HasSubstr("Authorization: Token abc\r\n"));
  EXPECT_THAT(requests[1], HasSubstr("Authorization: Bearer def\r\n"));
}

TEST_F(HttpProber, ASecretWithALineBreakIsNotSent) {
  const test::TemporaryFolder folder;
  std::ofstream(folder.path() / "token") << "abc\nX-Evil: 1";
  answers["/"] = page("");
  const HttpProbed probed =
      probe({"bearer_token_file: '" + (folder.path() / "token").generic_string() + "'"});
  EXPECT_FALSE(probed.success);
  EXPECT_TRUE(requests.empty());
  EXPECT_THAT(probed.log, HasSubstr("holds a line break"));
  EXPECT_THAT(probed.log, Not(HasSubstr("abc")));
}

TEST_F(HttpProber, PatternsOfTheBody) {
  answers["/"] = page("the service is up");
  EXPECT_TRUE(probe({"fail_if_body_not_matches_regexp: [service, 'is (up|ok)']"}).success);
  const HttpProbed wanting = probe({"fail_if_body_not_matches_regexp: [service, down]"});
  EXPECT_FALSE(wanting.success);
  EXPECT_EQ(series(wanting, "probe_failed_due_to_regex"), "1");
  EXPECT_EQ(series(wanting, "probe_http_uncompressed_body_length"), "17");
  EXPECT_THAT(wanting.log, HasSubstr("the body does not match /down/"));
  const HttpProbed found = probe({"fail_if_body_matches_regexp: [maintenance, up]"});
  EXPECT_FALSE(found.success);
  EXPECT_EQ(series(found, "probe_failed_due_to_regex"), "1");
  EXPECT_TRUE(probe({"fail_if_body_matches_regexp: [maintenance]"}).success);
}

TEST_F(HttpProber, PatternsTakeAByteThatIsNoUtf8ForACharacter) {
  answers["/"] = page("err\xf6r", "X-Name: Andr\xe9\r\n");
  EXPECT_FALSE(probe({"fail_if_body_matches_regexp: [err.r]"}).success);
  EXPECT_TRUE(probe({"fail_if_body_not_matches_regexp: ['^err.r$']"}).success);
  EXPECT_TRUE(probe({"fail_if_header_not_matches: [{header: X-Name, regexp: '^Andr.$'}]"}).success);
}

TEST_F(HttpProber, ABadStatusIsNotAFailureByPattern) {
  answers["/"] = "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n";
  const HttpProbed probed = probe({"fail_if_body_not_matches_regexp: [up]",
                                   "fail_if_header_not_matches: [{header: X, regexp: x}]"});
  EXPECT_FALSE(probed.success);
  EXPECT_EQ(series(probed, "probe_failed_due_to_regex"), "0");
}

TEST_F(HttpProber, PatternsOfHeaders) {
  answers["/"] = page("", "X-Role: backup\r\nX-Role: main\r\n");
  const auto failed = [&](const std::string& key) {
    const HttpProbed probed = probe({key});
    EXPECT_EQ(series(probed, "probe_failed_due_to_regex"), probed.success ? "0" : "1");
    return !probed.success;
  };
  EXPECT_TRUE(failed("fail_if_header_matches: [{header: x-role, regexp: main}]"));
  EXPECT_FALSE(failed("fail_if_header_matches: [{header: X-Role, regexp: third}]"));
  EXPECT_TRUE(failed("fail_if_header_matches: [{header: X-Other, regexp: main}]"));
  EXPECT_FALSE(
      failed("fail_if_header_matches: [{header: X-Other, regexp: main, allow_missing: true}]"));
  EXPECT_FALSE(failed("fail_if_header_not_matches: [{header: X-Role, regexp: main}]"));
  EXPECT_TRUE(failed("fail_if_header_not_matches: [{header: X-Role, regexp: third}]"));
  EXPECT_TRUE(failed("fail_if_header_not_matches: [{header: X-Other, regexp: main}]"));
  EXPECT_FALSE(
      failed("fail_if_header_not_matches: [{header: X-Other, regexp: x, allow_missing: true}]"));
}

TEST_F(HttpProber, ABodyOverItsLimitFails) {
  answers["/"] = page(std::string(1000, 'x'));
  EXPECT_TRUE(probe({"body_size_limit: 1000B"}).success);
  const HttpProbed probed = probe({"body_size_limit: 999B"});
  EXPECT_FALSE(probed.success);
  EXPECT_EQ(series(probed, "probe_http_uncompressed_body_length"), "999");
  EXPECT_EQ(series(probed, "probe_http_content_length"), "1000");
  EXPECT_EQ(series(probed, "probe_failed_due_to_regex"), "0");
  EXPECT_EQ(series(probe({"body_size_limit: 999B", "fail_if_body_matches_regexp: [y]"}),
                   "probe_failed_due_to_regex"),
            "1");
}

TEST_F(HttpProber, CompressedBodiesAreMeasuredAndSearchedInTheClear) {
  const std::string text = "the quick brown fox " + std::string(1000, 'x');
  answers["/gzip"] = page(compress(text, Frame::gzip));
  answers["/zlib"] = page(compress(text, Frame::zlib));
  answers["/bare"] = page(compress(text, Frame::bare));
  const std::string found = "fail_if_body_not_matches_regexp: [brown]";
  const HttpProbed gzip = probe({"compression: gzip", found}, url("/gzip"));
  EXPECT_TRUE(gzip.success) << gzip.log;
  EXPECT_EQ(series(gzip, "probe_http_uncompressed_body_length"), "1020");
  EXPECT_EQ(series(gzip, "probe_http_content_length"),
            std::to_string(compress(text, Frame::gzip).size()));
  EXPECT_TRUE(probe({"compression: deflate", found}, url("/zlib")).success);
  EXPECT_TRUE(probe({"compression: deflate", found}, url("/bare")).success);
  EXPECT_FALSE(probe({"compression: identity", found}, url("/gzip")).success);
  EXPECT_FALSE(probe({"compression: gzip"}, url("/zlib")).success);
}

TEST_F(HttpProber, ACompressedBodyThatIsNoneOrBreaksOffFails) {
  answers["/"] = page("plain text");
  const HttpProbed plain = probe({"compression: gzip"});
  EXPECT_FALSE(plain.success);
  EXPECT_THAT(plain.log, HasSubstr("the compressed body is broken"));
  const std::string whole = compress("the quick brown fox", Frame::gzip);
  answers["/"] = page(whole.substr(0, whole.size() - 4));
  const HttpProbed cut = probe({"compression: gzip"});
  EXPECT_FALSE(cut.success);
  EXPECT_THAT(cut.log, HasSubstr("ends before its compressed text does"));
  answers["/"] = page("");
  EXPECT_FALSE(probe({"compression: gzip"}).success);
}

TEST_F(HttpProber, ABombEndsAtTheLimitOfTheModuleOrAtOurs) {
  const std::string member = compress(std::string(8'000'000, '\0'), Frame::gzip);
  answers["/"] = page(member + member + member);
  const HttpProbed limited = probe({"compression: gzip", "body_size_limit: 64KB"});
  EXPECT_FALSE(limited.success);
  EXPECT_EQ(series(limited, "probe_http_uncompressed_body_length"), "65536");
  const HttpProbed unlimited = probe({"compression: gzip"});
  EXPECT_FALSE(unlimited.success);
  EXPECT_EQ(series(unlimited, "probe_http_uncompressed_body_length"), "1.6777216e+07");
  EXPECT_THAT(unlimited.log, HasSubstr("the module has no body_size_limit"));
}

TEST_F(HttpProber, AnEndlessBodyIsCountedButNotKeptForPatterns) {
  const auto flood = test::flood("HTTP/1.1 200 OK\r\n\r\n", std::string(16'000, 'x'));
  const HttpProbed searched = probe_script(flood, {"fail_if_body_matches_regexp: [y]"});
  EXPECT_FALSE(searched.success);
  EXPECT_EQ(series(searched, "probe_http_uncompressed_body_length"), "4.194304e+06");
  const HttpProbed counted = probe_script(flood, {}, 300ms);
  EXPECT_FALSE(counted.success);
  EXPECT_EQ(series(counted, "probe_http_status_code"), "200");
  EXPECT_NE(series(counted, "probe_http_duration_seconds{phase=\"transfer\"}"), "0");
}

TEST_F(HttpProber, ABodyThatBreaksOffFails) {
  answers["/"] = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello";
  const HttpProbed probed = probe();
  EXPECT_FALSE(probed.success);
  EXPECT_EQ(series(probed, "probe_http_status_code"), "200");
  EXPECT_EQ(series(probed, "probe_http_uncompressed_body_length"), "5");
  EXPECT_THAT(probed.log, HasSubstr("the body broke off"));
}

TEST_F(HttpProber, SlowHeadersEndWithTheDeadline) {
  const auto start = std::chrono::steady_clock::now();
  const HttpProbed probed =
      probe_script(test::drip("HTTP/1.1 200 OK\r\nX-Slow: ", "x", 5ms), {}, 200ms);
  EXPECT_FALSE(probed.success);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 2s);
  EXPECT_EQ(series(probed, "probe_http_status_code"), "0");
}

TEST_F(HttpProber, FailsWhereTlsIsWanted) {
  answers["/"] = page("");
  EXPECT_TRUE(probe({"fail_if_ssl: true"}).success);
  const HttpProbed probed = probe({"fail_if_not_ssl: true"});
  EXPECT_FALSE(probed.success);
  EXPECT_THAT(probed.log, HasSubstr("did not go over TLS"));
}

TEST_F(HttpProber, NothingIsSentWhereNothingIsAllowed) {
  lab.allow({{"cidr", "192.0.2.0/24"}});
  const HttpProbed probed = probe();
  EXPECT_FALSE(probed.success);
  EXPECT_THAT(probed.refused, HasSubstr("probe_allow"));
  EXPECT_EQ(site.connections(), 0);
}

}  // namespace
}  // namespace reachd
