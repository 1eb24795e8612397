#include <openssl/ssl.h>

#include <fstream>

#include "tests/blackbox/http_prober_fixture.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::HttpProbed;
using test::LoopbackServer;
using test::Peer;
using test::series;
using test::ServerTls;
using testing::HasSubstr;
using testing::Not;

class HttpProberTls : public test::HttpProberTest {
 protected:
  HttpProberTls() {
    lab.resolver.names["one.example"] = {*IpAddress::parse("127.0.0.1")};
    lab.resolver.names["other.example"] = {*IpAddress::parse("127.0.0.1")};
    std::ofstream(folder.path() / "ca.pem") << ca.certificate();
  }

  test::TestCa ca;
  test::TemporaryFolder folder;
  std::string sni;  // what the last handshake asked for

  std::string tls_config(const std::string& more = {}) const {
    return "tls_config: {ca_file: '" + (folder.path() / "ca.pem").generic_string() + "'" + more +
           "}";
  }
  static test::CertificateWish for_names(const std::string& names) {
    test::CertificateWish wish;
    wish.subject = "www";
    wish.names = names;
    return wish;
  }
  /// A server over TLS that answers any request so.
  test::Script says(std::string answer) {
    return [this, answer = std::move(answer)](Peer& peer) -> test::asio::awaitable<void> {
      sni = peer.server_name();
      const std::string request = co_await peer.read_until("\r\n\r\n");
      requests.push_back(request);
      co_await peer.send(answer);
    };
  }
  HttpProbed probe_tls(const ServerTls& tls, const std::vector<std::string>& keys,
                       const std::string& host = "127.0.0.1", const std::string& hostname = {}) {
    LoopbackServer server(lab.context, says(page("secret")), tls);
    return probe(keys, "https://" + host + ":" + std::to_string(server.port()) + "/", hostname);
  }
  static bool has_certificate(const HttpProbed& probed) {
    return probed.samples.has(blackbox::Family::ssl_earliest_cert_expiry) &&
           probed.text.contains("probe_ssl_last_chain_info{");
  }
};

TEST_F(HttpProberTls, HasTheSeriesOfTheCertificate) {
  const HttpProbed probed = probe_tls({.identity = ca.issue()}, {tls_config()});
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_EQ(series(probed, "probe_http_ssl"), "1");
  EXPECT_NE(series(probed, "probe_http_duration_seconds{phase=\"tls\"}"), "0");
  EXPECT_TRUE(has_certificate(probed)) << probed.text;
  EXPECT_EQ(series(probed, "probe_tls_version_info{version=\"TLS 1.3\"}"), "1");
  EXPECT_THAT(probed.text, HasSubstr("probe_tls_cipher_info{cipher=\"TLS_"));
  EXPECT_EQ(series(probed, "probe_ssl_last_chain_expiry_timestamp_seconds"),
            series(probed, "probe_ssl_earliest_cert_expiry"));
  EXPECT_THAT(probed.text, HasSubstr("subject=\"CN=localhost\",subjectalternative=\"localhost\""));
}

TEST_F(HttpProberTls, AnUntrustedChainFailsAndStillShowsItsCertificate) {
  const HttpProbed probed = probe_tls({.identity = test::self_signed()}, {tls_config()});
  EXPECT_FALSE(probed.success);
  EXPECT_EQ(requests.size(), 0U) << "nothing is said to whom nobody vouches for";
  EXPECT_TRUE(has_certificate(probed));
  EXPECT_EQ(series(probed, "probe_http_ssl"), "0");
  EXPECT_EQ(series(probed, "probe_http_status_code"), "0");
  EXPECT_THAT(probed.log, HasSubstr("self-signed"));
}

TEST_F(HttpProberTls, AnExpiredCertificateShowsWhenItExpired) {
  test::CertificateWish wish;
  wish.from = -48h;
  wish.until = -24h;
  const HttpProbed probed = probe_tls({.identity = ca.issue(wish)}, {tls_config()});
  EXPECT_FALSE(probed.success);
  EXPECT_TRUE(has_certificate(probed));
  EXPECT_THAT(probed.log, HasSubstr("the certificate expired"));
}

TEST_F(HttpProberTls, InsecureSkipVerifyTakesAnyCertificate) {
  const HttpProbed probed = probe_tls({.identity = test::self_signed(for_names("DNS:x.example"))},
                                      {"tls_config: {insecure_skip_verify: true}"});
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_EQ(series(probed, "probe_ssl_last_chain_expiry_timestamp_seconds"), "-6.21355968e+10");
}

TEST_F(HttpProberTls, AsksForTheNameOfTheTarget) {
  const auto tls = ServerTls{.identity = ca.issue(for_names("DNS:one.example"))};
  EXPECT_TRUE(probe_tls(tls, {tls_config()}, "one.example").success);
  EXPECT_EQ(sni, "one.example");
  const HttpProbed wrong = probe_tls(tls, {tls_config()}, "other.example");
  EXPECT_FALSE(wrong.success);
  EXPECT_THAT(wrong.log, HasSubstr("the certificate is not for other.example"));
}

TEST_F(HttpProberTls, ACertificateWithoutOtherNamesIsForItsCommonName) {
  test::CertificateWish wish;
  wish.subject = "one.example";
  wish.names.clear();
  EXPECT_TRUE(probe_tls({.identity = ca.issue(wish)}, {tls_config()}, "one.example").success);
  EXPECT_FALSE(probe_tls({.identity = ca.issue(wish)}, {tls_config()}, "other.example").success);
}

TEST_F(HttpProberTls, AsksForTheNameInTheHostHeader) {
  const auto tls = ServerTls{.identity = ca.issue(for_names("DNS:virtual.example"))};
  EXPECT_TRUE(probe_tls(tls, {tls_config()}, "127.0.0.1", "virtual.example").success);
  EXPECT_EQ(sni, "virtual.example");
  sni.clear();
  EXPECT_TRUE(probe_tls(tls, {tls_config(), "headers: {host: 'virtual.example:8443'}"}).success);
  EXPECT_EQ(sni, "virtual.example");
}

TEST_F(HttpProberTls, ServerNameGoesBeforeAll) {
  const auto tls = ServerTls{.identity = ca.issue(for_names("DNS:named.example"))};
  EXPECT_TRUE(
      probe_tls(tls, {tls_config(", server_name: named.example")}, "one.example", "virtual.example")
          .success);
  EXPECT_EQ(sni, "named.example");
  EXPECT_THAT(requests.at(0), HasSubstr("\r\nHost: virtual.example\r\n"));
}

TEST_F(HttpProberTls, AVersionBelowTheLeastFailsEvenUnverified) {
  const ServerTls old{.identity = ca.issue(), .most_version = TLS1_2_VERSION};
  EXPECT_TRUE(probe_tls(old, {tls_config()}).success);
  const HttpProbed probed =
      probe_tls(old, {"tls_config: {insecure_skip_verify: true, min_version: TLS13}"});
  EXPECT_FALSE(probed.success);
  EXPECT_EQ(series(probed, "probe_tls_version_info{version=\"TLS 1.2\"}"), "1");
}

TEST_F(HttpProberTls, FailsWhereTlsIsUnwanted) {
  const HttpProbed probed =
      probe_tls({.identity = ca.issue()}, {tls_config(), "fail_if_ssl: true"});
  EXPECT_FALSE(probed.success);
  EXPECT_EQ(series(probed, "probe_http_ssl"), "1");
  EXPECT_TRUE(probe_tls({.identity = ca.issue()}, {tls_config(), "fail_if_not_ssl: true"}).success);
}

TEST_F(HttpProberTls, ShowsTheClientCertificateWhereOneIsDemanded) {
  const auto client = ca.issue(for_names("DNS:client.example"));
  std::ofstream(folder.path() / "client.pem") << client.chain;
  std::ofstream(folder.path() / "client.key") << client.key;
  const ServerTls tls{.identity = ca.issue(),
                      .client_certificate = ServerTls::ClientCertificate::required,
                      .client_ca = ca.certificate()};
  const HttpProbed without = probe_tls(tls, {tls_config()});
  EXPECT_FALSE(without.success);
  EXPECT_THAT(without.log, HasSubstr("client certificate"));
  const HttpProbed with = probe_tls(
      tls, {tls_config(", cert_file: '" + (folder.path() / "client.pem").generic_string() +
                       "', key_file: '" + (folder.path() / "client.key").generic_string() + "'")});
  EXPECT_TRUE(with.success) << with.log;
}

TEST_F(HttpProberTls, AFileThatIsNoPemFailsWithASentence) {
  std::ofstream(folder.path() / "ca.pem") << "rubbish";
  const HttpProbed probed = probe_tls({.identity = ca.issue()}, {tls_config()});
  EXPECT_FALSE(probed.success);
  EXPECT_THAT(probed.log, HasSubstr("can't load the certificate authorities"));
}

TEST_F(HttpProberTls, ARotatedAuthorityIsReadAtTheNextProbe) {
  const test::TestCa next;
  EXPECT_FALSE(probe_tls({.identity = next.issue()}, {tls_config()}).success);
  std::ofstream(folder.path() / "ca.pem") << next.certificate();
  EXPECT_TRUE(probe_tls({.identity = next.issue()}, {tls_config()}).success);
}

TEST_F(HttpProberTls, ARedirectFromHttpToHttpsIsFollowed) {
  LoopbackServer secure(lab.context, says(page("secret")),
                        ServerTls{.identity = ca.issue(for_names("DNS:one.example"))});
  answers["/"] = redirect("https://one.example:" + std::to_string(secure.port()) + "/");
  const std::string target = "one.example:" + std::to_string(site.port());
  const HttpProbed probed = probe({tls_config(), "bearer_token: abc"}, target);
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_EQ(sni, "one.example");
  EXPECT_EQ(series(probed, "probe_http_ssl"), "1");
  EXPECT_TRUE(has_certificate(probed));
  EXPECT_THAT(requests.at(1), HasSubstr("Authorization: Bearer abc"));
}

TEST_F(HttpProberTls, ARedirectFromHttpsToHttpTakesNoSecretsAndShowsNoCertificate) {
  answers["/"] = page("plain");
  LoopbackServer secure(lab.context, says(redirect(url())), ServerTls{.identity = ca.issue()});
  const HttpProbed probed =
      probe({tls_config(), "bearer_token: abc"}, "https://" + secure.target() + "/");
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_EQ(series(probed, "probe_http_ssl"), "0");
  EXPECT_FALSE(has_certificate(probed));
  EXPECT_THAT(requests.at(1), Not(HasSubstr("Authorization")));
  EXPECT_FALSE(
      probe({tls_config(), "fail_if_not_ssl: true"}, "https://" + secure.target() + "/").success);
}

TEST_F(HttpProberTls, ARedirectToAnotherHostIsAskedByItsOwnName) {
  LoopbackServer other(lab.context, says(page("other")),
                       ServerTls{.identity = ca.issue(for_names("DNS:other.example"))});
  LoopbackServer first(
      lab.context, says(redirect("https://other.example:" + std::to_string(other.port()) + "/")),
      ServerTls{.identity = ca.issue(for_names("DNS:named.example"))});
  const HttpProbed probed = probe({tls_config(", server_name: named.example")},
                                  "https://one.example:" + std::to_string(first.port()) + "/");
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_EQ(sni, "other.example");
  EXPECT_THAT(probed.text, HasSubstr("subjectalternative=\"other.example\""));
  EXPECT_THAT(probed.text, Not(HasSubstr("named.example")));
}

TEST_F(HttpProberTls, AProxyIsAskedForATunnel) {
  std::string asked;
  const ServerTls tls{.identity = ca.issue(for_names("DNS:unknown.example"))};
  const auto tunnel = [&](Peer& peer) -> test::asio::awaitable<void> {
    asked = co_await peer.read_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 200 Connection established\r\n\r\n");
    const bool secured = co_await peer.start_tls(tls);
    EXPECT_TRUE(secured);
    co_await peer.read_until("\r\n\r\n");
    co_await peer.send(page("tunnelled"));
  };
  LoopbackServer proxy(lab.context, tunnel);
  const HttpProbed probed = probe({tls_config(), "skip_resolve_phase_with_proxy: true",
                                   "proxy_url: http://user:pass@" + proxy.target(),
                                   "proxy_connect_header: {X-Proxy: [one, two]}"},
                                  "https://unknown.example/");
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_THAT(asked, testing::StartsWith("CONNECT unknown.example:443 HTTP/1.1\r\n"));
  EXPECT_THAT(asked, HasSubstr("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"));
  EXPECT_THAT(asked, HasSubstr("X-Proxy: one\r\nX-Proxy: two\r\n"));
  EXPECT_EQ(series(probed, "probe_http_ssl"), "1");
}

TEST_F(HttpProberTls, AProxyThatRefusesTheTunnelGivesNoAnswer) {
  LoopbackServer proxy(lab.context,
                       test::reply("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
  const HttpProbed probed = probe({"proxy_url: http://" + proxy.target()}, "https://127.0.0.1/");
  EXPECT_FALSE(probed.success);
  EXPECT_EQ(series(probed, "probe_http_status_code"), "0");
  EXPECT_THAT(probed.log, HasSubstr("answered CONNECT 127.0.0.1:443 with HTTP 403"));
}

}  // namespace
}  // namespace reachd
