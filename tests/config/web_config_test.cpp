#include "config/web_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "probes/core/file_path.hpp"
#include "tests/support/temporary_folder.hpp"

namespace reachd::config {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

constexpr const char* kHash = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";

WebConfig read(std::string_view text) {
  Diagnostics diagnostics;
  auto config = read_web_config(text, "web.yml", diagnostics);
  EXPECT_TRUE(config) << diagnostics.to_string();
  return std::move(config).value_or(WebConfig{});
}

std::string errors_of(std::string_view text) {
  Diagnostics diagnostics;
  EXPECT_FALSE(read_web_config(text, "web.yml", diagnostics)) << text;
  return diagnostics.to_string();
}

std::string write(const test::TemporaryFolder& folder, const char* name, std::string_view text) {
  const auto path = folder.path() / name;
  std::ofstream(path, std::ios::binary) << text;
  return to_text(path);
}

TEST(WebConfig, AnEmptyFileAsksForNothing) {
  for (const char* text : {"", "{}\n", "tls_server_config: {}\nbasic_auth_users:\n"}) {
    const WebConfig config = read(text);
    EXPECT_FALSE(config.tls) << text;
    EXPECT_TRUE(config.users.empty()) << text;
    EXPECT_TRUE(config.headers.empty()) << text;
    EXPECT_EQ(config.rate_limit.interval, 0s) << text;
  }
}

TEST(WebConfig, FilesAreFoundBesideTheWebFile) {
  const test::TemporaryFolder folder;
  const std::string certificate = write(folder, "tls.crt", "certificate");
  const std::string key = write(folder, "tls.key", "key");
  Diagnostics diagnostics;
  const auto config = load_web_config(
      write(folder, "web.yml", "tls_server_config: {cert_file: tls.crt, key_file: tls.key}\n"),
      diagnostics);
  ASSERT_TRUE(config) << diagnostics.to_string();
  ASSERT_TRUE(config->tls);
  EXPECT_EQ(to_path(config->tls->cert_file), to_path(certificate));
  EXPECT_EQ(to_path(config->tls->key_file), to_path(key));
  EXPECT_EQ(config->tls->client_auth, ClientAuth::none);
  EXPECT_TRUE(config->tls->prefer_server_ciphers);
  EXPECT_TRUE(config->tls->tls12);
  EXPECT_TRUE(config->tls->tls13);
}

TEST(WebConfig, TakesEveryKeyOfTheFormat) {
  const WebConfig config = read(R"(
tls_server_config:
  cert: "certificate"
  key: "key"
  client_ca: "authority"
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [prometheus.example.com, 10.0.0.1]
  min_version: TLS12
  max_version: TLS12
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [X25519, CurveP256]
http_server_config:
  http2: true
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: ""
    Content-Security-Policy: "default-src 'self'"
basic_auth_users:
  prometheus: $2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG
rate_limit: {interval: 100ms, burst: 20}
)");
  ASSERT_TRUE(config.tls);
  EXPECT_EQ(config.tls->cert, "certificate");
  EXPECT_EQ(config.tls->key.reveal(), "key");
  EXPECT_EQ(config.tls->client_ca, "authority");
  EXPECT_EQ(config.tls->client_auth, ClientAuth::require_and_verify);
  EXPECT_THAT(config.tls->client_allowed_sans, ElementsAre("prometheus.example.com", "10.0.0.1"));
  EXPECT_TRUE(config.tls->tls12);
  EXPECT_FALSE(config.tls->tls13);
  ASSERT_EQ(config.tls->ciphers.size(), 2u);
  EXPECT_EQ(config.tls->ciphers[0].openssl, "ECDHE-RSA-AES256-GCM-SHA384");
  EXPECT_TRUE(config.tls->ciphers[1].tls13);
  EXPECT_FALSE(config.tls->prefer_server_ciphers);
  EXPECT_THAT(config.tls->curves, ElementsAre("X25519", "P-256"));
  EXPECT_THAT(config.headers,
              testing::UnorderedElementsAre(Pair("Strict-Transport-Security", "max-age=31536000"),
                                            Pair("X-Frame-Options", "deny"),
                                            Pair("X-Content-Type-Options", "nosniff"),
                                            Pair("Content-Security-Policy", "default-src 'self'")));
  ASSERT_EQ(config.users.size(), 1u);
  EXPECT_EQ(config.users[0].name, "prometheus");
  EXPECT_EQ(config.users[0].hash.reveal(), kHash);
  EXPECT_EQ(config.users[0].cost, 10u);
  EXPECT_EQ(config.rate_limit.interval, 100ms);
  EXPECT_EQ(config.rate_limit.burst, 20u);
  ASSERT_EQ(config.notes.size(), 1u);
  EXPECT_THAT(config.notes[0].to_string(),
              AllOf(HasSubstr("web.yml:14:"), HasSubstr("http2 is not in effect")));
}

TEST(WebConfig, KnowsAllWordsForClientCertificates) {
  const std::vector<std::pair<std::string, ClientAuth>> words = {
      {"NoClientCert", ClientAuth::none},
      {"RequestClientCert", ClientAuth::request},
      {"RequireAnyClientCert", ClientAuth::require_any},
      {"RequireClientCert", ClientAuth::require_any},
      {"VerifyClientCertIfGiven", ClientAuth::verify_if_given},
      {"RequireAndVerifyClientCert", ClientAuth::require_and_verify}};
  for (const auto& [word, meaning] : words) {
    std::string text = "tls_server_config: {cert: x, key: x, client_auth_type: ";
    text += word;
    text += meaning >= ClientAuth::verify_if_given ? ", client_ca: x}\n" : "}\n";
    const WebConfig config = read(text);
    EXPECT_EQ(config.tls->client_auth, meaning) << word;
  }
}

TEST(WebConfig, OldVersionsAreAcceptedAndNotSpoken) {
  const WebConfig config = read("tls_server_config: {cert: x, key: x, min_version: TLS10}\n");
  EXPECT_TRUE(config.tls->tls12);
  ASSERT_EQ(config.notes.size(), 1u);
  EXPECT_THAT(config.notes[0].message, HasSubstr("nothing older than TLS12"));
}

TEST(WebConfig, OnlySuitesOfTls13LeaveOnlyTls13) {
  const WebConfig config =
      read("tls_server_config: {cert: x, key: x, cipher_suites: [TLS_AES_256_GCM_SHA384]}\n");
  EXPECT_FALSE(config.tls->tls12);
  EXPECT_TRUE(config.tls->tls13);
}

TEST(WebConfig, TakesTheFormsThatGoTakes) {
  for (const auto& [text, interval] : std::vector<std::pair<std::string, Duration>>{
           {"1m30s", 90s}, {"0.5s", 500ms}, {"500us", 500us}, {"48h", 48h}, {"0", 0s}}) {
    EXPECT_EQ(read("rate_limit: {interval: " + text + ", burst: 1}").rate_limit.interval, interval);
  }
  for (const char* text : {"1", "-1s", "soon"}) {
    EXPECT_THAT(errors_of(std::string("rate_limit: {burst: 1, interval: ") + text + "}"),
                HasSubstr("interval is a duration such as 1s, 1m30s or 500us"));
  }
  EXPECT_EQ(read("http_server_config: {http2: yes}").notes.size(), 1u);
  const WebConfig config = read(
      "tls_server_config: {cert: x, key: x, cert_file: '', key_file: '', client_ca_file: '', "
      "client_auth_type: '', prefer_server_cipher_suites: False}");
  EXPECT_EQ(config.tls->client_auth, ClientAuth::none);
  EXPECT_FALSE(config.tls->prefer_server_ciphers);
  EXPECT_THAT(errors_of("tls_server_config: {cert: '', cert_file: '', key: x}"),
              HasSubstr("cert_file or cert is missing"));
}

TEST(WebConfig, SaysWhatProvesNothingWhereNoCertificateIsVerified) {
  const std::string start = "tls_server_config: {cert: x, key: x, client_ca: x, ";
  const WebConfig names =
      read(start + "client_auth_type: RequireAnyClientCert, client_allowed_sans: [a]}");
  ASSERT_EQ(names.notes.size(), 1u);
  EXPECT_THAT(names.notes[0].message, HasSubstr("client_allowed_sans proves nothing"));
  const WebConfig authority = read(start + "client_auth_type: RequestClientCert}");
  ASSERT_EQ(authority.notes.size(), 1u);
  EXPECT_THAT(authority.notes[0].message, HasSubstr("client_ca proves nothing"));
  EXPECT_TRUE(read(start + "client_auth_type: RequireAndVerifyClientCert}").notes.empty());
}

TEST(WebConfig, AllProblemsComeAtOnceWithTheirPlaces) {
  const std::string errors = errors_of(R"(tls_server_config:
  cert_file: nowhere.crt
  client_auth: x
  min_version: SSL3
  cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]
  curve_preferences: [P256]
http_server_config:
  headers: {Server: x, X-Frame-Options: allow}
basic_auth_users: {a: secret-word}
rate_limit: {interval: 1s}
usres: {}
)");
  EXPECT_THAT(errors, AllOf(HasSubstr("web.yml:2:14: "), HasSubstr("cert_file: can't read"),
                            HasSubstr("web.yml:3:3: "), HasSubstr("unknown key \"client_auth\""),
                            HasSubstr("web.yml:4:16: "), HasSubstr("min_version is one of")));
  EXPECT_THAT(errors, AllOf(HasSubstr("key_file or key is missing"),
                            HasSubstr("no secure cipher suite \"TLS_RSA_WITH_RC4_128_SHA\""),
                            HasSubstr("not \"P256\""), HasSubstr("unknown key \"Server\""),
                            HasSubstr("X-Frame-Options is deny or sameorigin, not \"allow\"")));
  EXPECT_THAT(errors, AllOf(HasSubstr("\"a\" has no bcrypt hash"), HasSubstr("burst is at least 1"),
                            HasSubstr("unknown key \"usres\""), Not(HasSubstr("secret-word"))));
}

TEST(WebConfig, RefusesWhatWouldNotProtect) {
  EXPECT_THAT(errors_of("tls_server_config: {cert: x, key: x, client_ca: x}\n"),
              HasSubstr("client_ca has no effect without client_auth_type"));
  EXPECT_THAT(
      errors_of("tls_server_config: {cert: x, key: x, client_auth_type: VerifyClientCertIfGiven}"),
      HasSubstr("client_auth_type needs client_ca_file or client_ca"));
  EXPECT_THAT(errors_of("tls_server_config: {cert: x, key: x, client_allowed_sans: [a]}"),
              HasSubstr("client_allowed_sans has no effect"));
  EXPECT_THAT(errors_of("tls_server_config: {min_version: TLS13}"),
              HasSubstr("cert_file or cert is missing"));
  EXPECT_THAT(errors_of("tls_server_config: {cert: x, key: x, max_version: TLS11}"),
              HasSubstr("nothing older than TLS12"));
  EXPECT_THAT(
      errors_of("tls_server_config: {cert: x, key: x, min_version: TLS13, max_version: TLS12}"),
      HasSubstr("min_version is newer than max_version"));
  EXPECT_THAT(errors_of("tls_server_config: {cert: x, key: x, max_version: TLS12, cipher_suites: "
                        "[TLS_AES_128_GCM_SHA256]}"),
              HasSubstr("none that TLS 1.2 has"));
}

TEST(WebConfig, JudgesHashesWithoutShowingThem) {
  const std::string rest = "X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG";
  for (const char* start : {"$2a$04$", "$2b$12$", "$2y$16$"}) {
    EXPECT_EQ(read("basic_auth_users: {u: " + (start + rest) + "}").users.size(), 1u) << start;
  }
  for (const std::string& hash :
       {"$2x$10$" + rest, "$2y$03$" + rest, "$2y$32$" + rest, "$2y$1a$" + rest, "$1$10$" + rest,
        "$2y$10$" + rest + "x", "$2y$10$" + rest.substr(1), "$2y$10$" + rest.substr(1) + "!",
        std::string("{}")}) {
    const std::string errors = errors_of("basic_auth_users: {u: '" + hash + "'}");
    EXPECT_THAT(errors, AllOf(HasSubstr("\"u\" has no bcrypt hash"), Not(HasSubstr("FBi6D"))));
  }
  EXPECT_THAT(errors_of("basic_auth_users: {u: $2y$17$" + rest + "}"),
              AllOf(HasSubstr("cost above 16"), Not(HasSubstr(rest))));
}

TEST(WebConfig, JudgesUserNames) {
  for (const std::string name : {"'a:b'", "''", "\"a\\nb\""}) {
    EXPECT_THAT(errors_of("basic_auth_users: {" + name + ": x}"), HasSubstr("a user name has"));
  }
  EXPECT_THAT(errors_of("basic_auth_users: [a]"), HasSubstr("is a map of user names"));
}

TEST(WebConfig, AHeaderIsOneLine) {
  EXPECT_THAT(errors_of("http_server_config: {headers: {X-XSS-Protection: \"1\\r\\nX: y\"}}"),
              HasSubstr("is one line of text"));
}

}  // namespace
}  // namespace reachd::config
