#include "config/blackbox_http.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "probes/core/reader.hpp"
#include "tests/config/blackbox_text.hpp"
#include "tests/support/process.hpp"

namespace reachd::config::blackbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

Http http_of(std::string_view block) { return module_of("http", block).http; }

TEST(BlackboxHttp, WithoutABlockEverythingHasItsDefault) {
  const Http http = http_of({});
  EXPECT_EQ(http.method, "GET");
  EXPECT_EQ(http.address.preferred, IpAddress::Family::v6);
  EXPECT_TRUE(http.address.fallback);
  EXPECT_FALSE(http.skip_resolve_with_proxy);
  EXPECT_THAT(http.valid_status_codes, IsEmpty());
  EXPECT_THAT(http.valid_http_versions, IsEmpty());
  EXPECT_THAT(http.headers, IsEmpty());
  EXPECT_FALSE(http.body.given());
  EXPECT_EQ(http.body_size_limit, 0u);
  EXPECT_EQ(http.compression, Http::Compression::none);
  EXPECT_FALSE(http.fail_if_ssl);
  EXPECT_FALSE(http.fail_if_not_ssl);
  EXPECT_TRUE(http.client.follow_redirects);
  EXPECT_FALSE(http.client.basic_auth);
  EXPECT_FALSE(http.client.authorization);
  EXPECT_FALSE(http.client.http_proxy);
  EXPECT_FALSE(http.client.https_proxy);
  EXPECT_THAT(http.client.no_proxy, IsEmpty());
}

TEST(BlackboxHttp, EveryKeyIsRead) {
  const Http http = http_of(R"(
      preferred_ip_protocol: ip4
      ip_protocol_fallback: false
      skip_resolve_phase_with_proxy: true
      valid_status_codes: [200, 401]
      valid_http_versions: ["HTTP/1.1", "HTTP/2.0"]
      method: POST
      headers: {Host: vhost.example.com, X-A: b}
      body: "{}"
      body_size_limit: 10MB
      compression: gzip
      fail_if_ssl: true
      fail_if_not_ssl: true
      fail_if_body_matches_regexp: [a]
      fail_if_body_not_matches_regexp: [b, c]
      fail_if_header_matches: [{header: Set-Cookie, regexp: ".*", allow_missing: true}]
      fail_if_header_not_matches: [{header: X-B, regexp: d}]
      enable_http2: false
      enable_http3: false
      follow_redirects: false
      tls_config: {server_name: s}
      http_headers: {Accept-Language: {values: [en, de], secrets: [x], files: [f.txt]}}
)");
  EXPECT_EQ(http.address.preferred, IpAddress::Family::v4);
  EXPECT_FALSE(http.address.fallback);
  EXPECT_TRUE(http.skip_resolve_with_proxy);
  EXPECT_THAT(http.valid_status_codes, ElementsAre(200, 401));
  EXPECT_THAT(http.valid_http_versions, ElementsAre("HTTP/1.1", "HTTP/2.0"));
  EXPECT_EQ(http.method, "POST");
  ASSERT_EQ(http.headers.size(), 2u);
  EXPECT_EQ(http.headers[0].first, "Host");
  EXPECT_EQ(http.headers[0].second.reveal(), "vhost.example.com");
  EXPECT_EQ(http.body.text.reveal(), "{}");
  EXPECT_EQ(http.body_size_limit, 10u << 20U);
  EXPECT_EQ(http.compression, Http::Compression::gzip);
  EXPECT_TRUE(http.fail_if_ssl);
  EXPECT_TRUE(http.fail_if_not_ssl);
  EXPECT_EQ(http.fail_if_body_matches.at(0).text(), "a");
  EXPECT_EQ(http.fail_if_body_not_matches.at(1).text(), "c");
  EXPECT_EQ(http.fail_if_header_matches.at(0).header, "Set-Cookie");
  EXPECT_TRUE(http.fail_if_header_matches.at(0).allow_missing);
  EXPECT_EQ(http.fail_if_header_not_matches.at(0).pattern.text(), "d");
  EXPECT_FALSE(http.fail_if_header_not_matches.at(0).allow_missing);
  EXPECT_FALSE(http.client.follow_redirects);
  EXPECT_EQ(http.client.tls_config.server_name, "s");
  ASSERT_EQ(http.client.http_headers.size(), 1u);
  const auto& values = http.client.http_headers[0].values;
  ASSERT_EQ(values.size(), 4u);
  EXPECT_EQ(values[1].text.reveal(), "de");
  EXPECT_EQ(values[2].text.reveal(), "x");
  EXPECT_EQ(values[3].file, resolve_path({}, "f.txt"));
}

TEST(BlackboxHttp, TheOldNameOfFollowRedirectsWins) {
  EXPECT_FALSE(http_of("      no_follow_redirects: true\n").client.follow_redirects);
  EXPECT_TRUE(http_of("      no_follow_redirects: false\n      follow_redirects: false\n")
                  .client.follow_redirects);
}

TEST(BlackboxHttp, CredentialsOfEveryForm) {
  const auto basic =
      http_of("      basic_auth: {username: u, password_file: p.txt}\n").client.basic_auth;
  ASSERT_TRUE(basic);
  EXPECT_EQ(basic->username.text.reveal(), "u");
  EXPECT_EQ(basic->password.file, resolve_path({}, "p.txt"));
  // Nothing in the file stands for anything else: ${NAME} is a password like any other.
  EXPECT_EQ(http_of("      basic_auth: {username: u, password: \"${HOME}\"}\n")
                .client.basic_auth->password.text.reveal(),
            "${HOME}");
  const auto other =
      http_of("      authorization: {type: \" Token \", credentials: c}\n").client.authorization;
  ASSERT_TRUE(other);
  EXPECT_EQ(other->type, "Token");
  EXPECT_EQ(other->credentials.text.reveal(), "c");
  EXPECT_EQ(http_of("      authorization: {credentials: c}\n").client.authorization->type,
            "Bearer");
  const auto old = http_of("      bearer_token: t\n").client.authorization;
  ASSERT_TRUE(old);
  EXPECT_EQ(old->type, "Bearer");
  EXPECT_EQ(old->credentials.text.reveal(), "t");
  EXPECT_EQ(http_of("      bearer_token_file: t\n").client.authorization->credentials.file,
            resolve_path({}, "t"));
}

TEST(BlackboxHttp, AProxyMayHaveCredentialsInItsUrl) {
  const HttpClient client =
      http_of("      proxy_url: \"http://a%40b:p%3Aw@proxy.example.com:3128\"\n").client;
  ASSERT_TRUE(client.http_proxy && client.https_proxy);
  EXPECT_FALSE(client.http_proxy->socks5);
  EXPECT_EQ(client.http_proxy->server.host, "proxy.example.com");
  EXPECT_EQ(client.http_proxy->server.port, 3128);
  EXPECT_EQ(client.http_proxy->user, "a@b");
  EXPECT_EQ(client.http_proxy->password.reveal(), "p:w");
  EXPECT_THAT(client.no_proxy, IsEmpty()) << "without no_proxy loopback goes by the proxy too";
  const HttpClient socks = http_of("      proxy_url: socks5://10.0.0.1\n").client;
  EXPECT_TRUE(socks.https_proxy->socks5);
  EXPECT_EQ(socks.https_proxy->server.port, 1080);
  EXPECT_EQ(http_of("      proxy_url: http://p/\n").client.http_proxy->server.port, 80);
}

TEST(BlackboxHttp, ExceptionsAreTakenAsGoTakesThem) {
  const HttpClient client = http_of(R"(
      proxy_url: http://proxy:3128
      no_proxy: "example.com, .sub.example.org,*.x.net,10.0.0.0/8,::1"
      proxy_connect_header: {X-Token: [a, b]}
)")
                                .client;
  EXPECT_THAT(client.no_proxy,
              ElementsAre(".example.com", "example.com", ".sub.example.org", ".x.net", "10.0.0.0/8",
                          "::1", "localhost", "127.0.0.0/8", "::1"));
  ASSERT_EQ(client.proxy_connect_header.size(), 1u);
  EXPECT_EQ(client.proxy_connect_header[0].values.at(1).text.reveal(), "b");
}

TEST(BlackboxHttp, TheEnvironmentMayNameTheProxies) {
  test::set_environment("HTTP_PROXY", "proxy.example.com:8080");
  test::set_environment("HTTPS_PROXY", "http://u:p@secure.example.com");
  test::set_environment("NO_PROXY", "intern");
  const HttpClient client = http_of("      proxy_from_environment: true\n").client;
  for (const char* name : {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}) {
    test::set_environment(name, std::nullopt);
  }
  ASSERT_TRUE(client.http_proxy && client.https_proxy);
  EXPECT_EQ(client.http_proxy->server.host, "proxy.example.com");
  EXPECT_EQ(client.http_proxy->server.port, 8080);
  EXPECT_EQ(client.https_proxy->password.reveal(), "p");
  EXPECT_THAT(client.no_proxy, IsSupersetOf({".intern", "intern", "localhost"}));
}

class BlackboxHttpWrong : public testing::TestWithParam<BlockCase> {};

TEST_P(BlackboxHttpWrong, IsReported) {
  const std::string problems = problems_of(one(GetParam().prober, GetParam().block));
  EXPECT_THAT(problems, HasSubstr(GetParam().message));
  EXPECT_THAT(problems, Not(HasSubstr("hunter2")));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, BlackboxHttpWrong,
    testing::Values(
        BlockCase{"http", "      valid_status_codes: [2xx]\n",
                  "a status is 100 to 999, not \"2xx\""},
        BlockCase{"http", "      valid_http_versions: [HTTP/3.0]\n", "only with enable_http3"},
        BlockCase{"http", "      method: \"G T\"\n", "method is one word"},
        BlockCase{"http", "      body: a\n      body_file: b\n", "at most one of body, body_file"},
        BlockCase{"http", "      body_size_limit: 10\n", "a size with its unit"},
        BlockCase{"http", "      headers: {\"a b\": c}\n", "is no name of a header"},
        BlockCase{"http", "      headers: {A: \"hunter2\\r\\nB: c\"}\n", "holds a line break"},
        BlockCase{"http", "      headers: {A: b, a: c}\n", "stands here twice"},
        BlockCase{"http", "      headers: {Content-Length: 1}\n", "the exchange's to say"},
        BlockCase{"http", "      headers: [a]\n", "headers must be a map"},
        BlockCase{"http", "      compression: zip\n", "compression is one of gzip"},
        BlockCase{"http",
                  "      compression: gzip\n      headers: {Accept-Encoding: \"br, deflate\"}\n",
                  "does not let a server use gzip"},
        BlockCase{"http",
                  "      compression: gzip\n      headers: {accept-encoding: \"*;q=0.0\"}\n",
                  "does not let a server use gzip"},
        BlockCase{"http", "      fail_if_header_matches: [{regexp: a}]\n", "header is missing"},
        BlockCase{"http", "      fail_if_header_matches: [{header: a}]\n", "regexp is missing"},
        BlockCase{"http", "      fail_if_body_matches_regexp: [\"*\"]\n",
                  "the pattern can't be used"},
        BlockCase{"http", "      basic_auth: {}\n      bearer_token: hunter2\n",
                  "at most one of basic_auth"},
        BlockCase{"http", "      basic_auth: {}\n      authorization: {}\n",
                  "at most one of basic_auth"},
        BlockCase{"http", "      bearer_token: hunter2\n      bearer_token_file: b\n",
                  "at most one of"},
        BlockCase{"http", "      basic_auth: {password: hunter2, password_file: b}\n",
                  "at most one of password, password_file, password_ref"},
        BlockCase{"http", "      basic_auth: {usernam: a}\n", "did you mean username?"},
        BlockCase{"http", "      authorization: {type: Basic}\n", "basic_auth is for that"},
        BlockCase{"http", "      authorization: {credentials: \"hunter2\\n\"}\n",
                  "holds a line break"},
        BlockCase{"http", "      no_proxy: a\n", "only with proxy_url"},
        BlockCase{"http", "      proxy_url: \"u:hunter2@proxy\"\n", "a proxy is a URL"},
        BlockCase{"http", "      proxy_url: \"ftp://u:hunter2@proxy\"\n",
                  "by http:// or socks5://"},
        BlockCase{"http", "      proxy_url: \"http://u:hunter2%4@proxy\"\n", "percent-encoded"},
        BlockCase{"http", "      proxy_url: \"http://u:hunter2@\"\n",
                  "no host and port of a proxy"},
        BlockCase{"http", "      proxy_url: http://p\n      proxy_from_environment: true\n",
                  "excludes proxy_url"},
        BlockCase{"http", "      proxy_connect_header: {a: [b]}\n", "only with proxy_url"},
        BlockCase{"http", "      http_headers: {user-agent: {values: [a]}}\n",
                  "the client's to set"},
        BlockCase{"http", "      http_headers: {X-A: {value: [a]}}\n", "did you mean values?"},
        BlockCase{"http", "      http_headers: {X-A: {secrets: [\"hunter2\\n\"]}}\n",
                  "holds a line break"}));

class BlackboxHttpRefused : public testing::TestWithParam<BlockCase> {};

TEST_P(BlackboxHttpRefused, NamesModuleAndKeyInOneLine) {
  const std::string refusals = refusals_of(one(GetParam().prober, GetParam().block));
  EXPECT_THAT(refusals, HasSubstr("module m: http: " + std::string(GetParam().message)));
  EXPECT_EQ(std::ranges::count(refusals, '\n'), 1) << refusals;
  EXPECT_THAT(refusals, Not(HasSubstr("hunter2")));
}

INSTANTIATE_TEST_SUITE_P(
    Keys, BlackboxHttpRefused,
    testing::Values(
        BlockCase{"http",
                  "      enable_http3: true\n      enable_http2: false\n"
                  "      valid_http_versions: [HTTP/3.0]\n",
                  "enable_http3 can't be honoured"},
        BlockCase{"http", "      valid_http_versions: [HTTP/2.0]\n",
                  "valid_http_versions can't be honoured"},
        BlockCase{"http", "      compression: br\n", "compression can't be honoured"},
        BlockCase{"http", "      fail_if_body_json_matches_cel: body.a\n",
                  "fail_if_body_json_matches_cel can't be honoured"},
        BlockCase{"http", "      fail_if_body_json_not_matches_cel: body.a\n",
                  "fail_if_body_json_not_matches_cel can't be honoured"},
        BlockCase{"http", "      oauth2: {client_id: a, client_secret: hunter2, token_url: b}\n",
                  "oauth2 can't be honoured"},
        BlockCase{"http", "      check_revoked: true\n", "check_revoked can't be honoured"},
        BlockCase{"http", "      basic_auth: {username: a, password_ref: b}\n",
                  "basic_auth: password_ref can't be honoured"},
        BlockCase{"http", "      authorization: {credentials_ref: b}\n",
                  "authorization: credentials_ref can't be honoured"},
        BlockCase{"http", "      proxy_url: https://u:hunter2@proxy\n",
                  "proxy_url can't be honoured"},
        BlockCase{"http", "      proxy_url: http://proxy\n      no_proxy: a:80\n",
                  "no_proxy can't be honoured"}));

TEST(BlackboxHttp, CompressionHasToBeAmongWhatIsAccepted) {
  for (const std::string_view accepted :
       {"gzip", "br, gzip;q=0.5", "*", "gzip;q=1.0, *;q=0", "", "br;q=1.0, gzip;q=0.8, *;q=0.1"}) {
    const Http http = http_of("      compression: gzip\n      headers: {Accept-Encoding: \"" +
                              std::string(accepted) + "\"}\n");
    EXPECT_EQ(http.compression, Http::Compression::gzip) << accepted;
  }
}

}  // namespace
}  // namespace reachd::config::blackbox
