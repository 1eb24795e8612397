// The web port over TLS: who is let in, by what, and what becomes of new certificates.

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <thread>

#include "tests/web/web_lab.hpp"

namespace reachd {
namespace {

using test::Client;
using test::kTls;
using test::kUsers;
using test::TlsClient;
using test::TlsWish;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class WebTls : public test::WebLab {
 protected:
  static const Endpoint& at(const web::Server& server) { return server.endpoints().front(); }
  test::Identity client(const std::string& names = "DNS:prometheus.example.com") const {
    test::CertificateWish wish;
    wish.subject = "prometheus";
    wish.names = names;
    wish.usage = "clientAuth";
    return ca.issue(wish);
  }
};

TEST_F(WebTls, AnswersAsPlainHttpDoes) {
  const auto server = serve(kTls + "}\n");
  TlsClient asking(at(*server));
  asking.send(test::get("/-/healthy"));
  EXPECT_THAT(asking.read_to("healthy.\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(asking.ask("/metrics"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("own 1\n")));
  // It ends as TLS ends, so that nobody can cut an answer short unseen.
  EXPECT_EQ(asking.error(), boost::asio::error::eof);
}

TEST_F(WebTls, SendsLargeAnswersWhole) {
  callbacks = test::well(test::large_board(20'000));
  const auto server = serve(kTls + "}\n");
  const std::string text = TlsClient(at(*server)).ask("/metrics");
  EXPECT_GT(text.size(), std::size_t{10} << 20U);
  EXPECT_THAT(text.substr(text.size() - 64), HasSubstr("own 1"));
}

TEST_F(WebTls, StreamsEvents) {
  callbacks.newest_event = [] { return std::int64_t{0}; };
  const auto server = serve(kTls + "}\n", "127.0.0.1");
  TlsClient asking(at(*server));
  asking.send(test::get("/api/v1/stream"));
  EXPECT_THAT(asking.read_to("retry: 5000\n\n"), HasSubstr("text/event-stream"));
}

TEST_F(WebTls, TellsWhoSpeaksPlainHttp) {
  const auto server = serve(kTls + "}\n");
  for (const char* method : {"GET", "POST", "DELETE", "OPTIONS"}) {
    EXPECT_THAT(ask(*server, "/metrics", {}, method),
                AllOf(StartsWith("HTTP/1.1 400 Bad Request\r\n"), HasSubstr("HTTPS only"),
                      Not(HasSubstr("own 1"))))
        << method;
  }
}

TEST_F(WebTls, ClosesWhoNeverShakesHands) {
  limits.handshake = std::chrono::milliseconds(50);
  const auto server = serve(kTls + "}\n");
  for (const std::string& start : {std::string(), std::string("\x16\x03\x01", 3)}) {
    Client silent(Endpoint{.address = IpAddress::v4(0x7f000001), .port = at(*server).port});
    silent.send(start);
    EXPECT_TRUE(silent.closed());
  }
}

TEST_F(WebTls, SpeaksTheConfiguredVersions) {
  const auto newest = serve(kTls + ", min_version: TLS13}\n");
  EXPECT_TRUE(TlsClient(at(*newest), {.version = TLS1_2_VERSION}).error());
  EXPECT_FALSE(TlsClient(at(*newest), {.version = TLS1_3_VERSION}).error());
  const auto former = serve(kTls + ", max_version: TLS12}\n");
  EXPECT_FALSE(TlsClient(at(*former), {.version = TLS1_2_VERSION}).error());
  EXPECT_TRUE(TlsClient(at(*former), {.version = TLS1_3_VERSION}).error());
  const auto both = serve(kTls + ", min_version: TLS10}\n");
  EXPECT_TRUE(
      TlsClient(at(*both), {.version = TLS1_1_VERSION, .ciphers = "ALL:@SECLEVEL=0"}).error());
}

TEST_F(WebTls, ChoosesSuitesInTheConfiguredOrder) {
  const std::string suites =
      ", max_version: TLS12, cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, "
      "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]";
  constexpr const char* kOther = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305";
  const auto chosen = [&](const std::string& more) {
    const auto server = serve(kTls + suites + more + "}\n");
    TlsClient asking(at(*server), {.ciphers = kOther});
    return std::string(SSL_get_cipher_name(asking.ssl()));
  };
  EXPECT_EQ(chosen(""), "ECDHE-ECDSA-CHACHA20-POLY1305");
  EXPECT_EQ(chosen(", prefer_server_cipher_suites: false"), "ECDHE-ECDSA-AES128-GCM-SHA256");
  const auto server = serve(kTls + suites + "}\n");
  EXPECT_TRUE(TlsClient(at(*server), {.ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"}).error());
}

TEST_F(WebTls, UsesTheConfiguredCurves) {
  const auto server = serve(kTls + ", curve_preferences: [CurveP384]}\n");
  TlsClient asking(at(*server));
  ASSERT_FALSE(asking.error());
  EXPECT_EQ(SSL_get_negotiated_group(asking.ssl()), NID_secp384r1);
}

TEST_F(WebTls, AgreesOnHttp11ByAlpn) {
  const auto server = serve(kTls + "}\n");
  TlsClient both(at(*server), {.alpn = "\x02h2\x08http/1.1"});
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(both.ssl(), &chosen, &size);
  EXPECT_EQ(std::string(chosen, chosen + size), "http/1.1");
  EXPECT_TRUE(TlsClient(at(*server), {.alpn = "\x02h2"}).error());
}

TEST_F(WebTls, AsksForCertificatesAsConfigured) {
  const TlsWish nothing;
  const TlsWish good{.identity = client()};
  const TlsWish foreign{.identity = test::self_signed()};
  const auto beyond = test::own_address_beyond_loopback();
  if (!beyond) {
    GTEST_SKIP() << "this host has loopback only, where everybody may ask";
  }
  struct Case {
    std::string type;
    bool without, with_foreign, with_good, proves;
  };
  for (const Case& one : std::vector<Case>{
           {"NoClientCert", true, true, true, false},
           {"RequestClientCert", true, true, true, false},
           {"RequireAnyClientCert", false, true, true, false},
           {"VerifyClientCertIfGiven, client_ca_file: ca.crt", true, false, true, true},
           {"RequireAndVerifyClientCert, client_ca_file: ca.crt", false, false, true, true}}) {
    const auto server = serve(kTls + ", client_auth_type: " + one.type + "}\n");
    const auto let_in = [&](const TlsWish& wish) {
      return TlsClient(at(*server), wish).ask("/metrics").starts_with("HTTP/1.1 200");
    };
    EXPECT_EQ(let_in(nothing), one.without) << one.type;
    EXPECT_EQ(let_in(foreign), one.with_foreign) << one.type;
    EXPECT_EQ(let_in(good), one.with_good) << one.type;
    // Only a certificate of our authority proves who asks.
    const Endpoint outside{.address = *beyond, .port = at(*server).port};
    EXPECT_THAT(TlsClient(outside, good).ask("/api/v1/plan"),
                StartsWith(one.proves ? "HTTP/1.1 200" : "HTTP/1.1 403"))
        << one.type;
    if (one.without) {
      EXPECT_THAT(TlsClient(outside).ask("/api/v1/plan"), StartsWith("HTTP/1.1 403"));
    }
  }
}

TEST_F(WebTls, TrustsAnAuthorityThatIsNoRoot) {
  const auto server =
      serve(kTls + ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt}\n");
  const test::TestCa below = ca.intermediate({});
  write("ca.crt", below.certificate());
  test::CertificateWish wish;
  wish.subject = "prometheus";
  wish.usage = "clientAuth";
  EXPECT_THAT(TlsClient(at(*server), {.identity = below.issue(wish)}).ask("/metrics"),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(TlsClient(at(*server), {.identity = client()}).ask("/metrics"), IsEmpty());
}

TEST_F(WebTls, TellsInTheLogWhyACertificateIsNotLetIn) {
  for (const auto& [wish, reason] :
       {std::pair(TlsWish{}, "no certificate"),
        std::pair(TlsWish{.identity = test::self_signed()}, "self-signed certificate"),
        std::pair(TlsWish{.identity = client("DNS:other")}, "among client_allowed_sans")}) {
    const auto server = serve(kTls +
                              ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: "
                              "ca.crt, client_allowed_sans: [me]}\n");
    testing::internal::CaptureStderr();
    EXPECT_THAT(TlsClient(at(*server), wish).ask("/metrics"), IsEmpty());
    server->stop();
    EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr(reason));
  }
}

TEST_F(WebTls, LetsInOnlyTheAllowedNames) {
  for (const char* allowed : {"prometheus.example.com", "10.1.2.3", "2001:db8::1",
                              "ops@example.com", "spiffe://example.com/prometheus"}) {
    const auto server = serve(kTls +
                              ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: "
                              "ca.crt, client_allowed_sans: [other, '" +
                              std::string(allowed) + "']}\n");
    const TlsWish named{.identity =
                            client("DNS:prometheus.example.com,IP:10.1.2.3,IP:2001:db8::1,email:"
                                   "ops@example.com,URI:spiffe://example.com/prometheus")};
    const TlsWish stranger{.identity = client("DNS:sub.prometheus.example.com,IP:10.1.2.4")};
    EXPECT_THAT(TlsClient(at(*server), named).ask("/metrics"), StartsWith("HTTP/1.1 200"));
    EXPECT_THAT(TlsClient(at(*server), stranger).ask("/metrics"), IsEmpty()) << allowed;
    EXPECT_THAT(TlsClient(at(*server), {.identity = client("")}).ask("/metrics"), IsEmpty());
  }
}

TEST_F(WebTls, ACertificateDoesNotReplaceThePassword) {
  const auto server = serve(
      kTls + ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt}\n" + kUsers);
  const TlsWish good{.identity = client()};
  EXPECT_THAT(TlsClient(at(*server), good).ask("/metrics"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(TlsClient(at(*server), good).ask("/metrics", test::kRight),
              StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(TlsClient(at(*server)).ask("/metrics", test::kRight), IsEmpty());
}

TEST_F(WebTls, TakesANewCertificateForTheNextConnection) {
  const auto server = serve(kTls + "}\n");
  TlsClient before(at(*server));
  EXPECT_EQ(before.certificate_subject(), "first");
  write_identity(named("second"));
  EXPECT_EQ(TlsClient(at(*server)).certificate_subject(), "second");
  // The connection of before ends in order, with its answer.
  before.send(test::get("/-/healthy"));
  EXPECT_THAT(before.read_to("healthy.\n"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Connection: close\r\n")));
}

TEST_F(WebTls, KeepsTheFormerCertificateWhileTheNewOneIsBad) {
  const auto server = serve(kTls + "}\n");
  const auto subject = [&] { return TlsClient(at(*server)).certificate_subject(); };
  const test::Identity second = named("second");
  write("tls.crt", second.chain);  // whose key is not there yet
  EXPECT_EQ(subject(), "first");
  write("tls.key", "-----BEGIN PRIVATE KEY-----\nrubbish\n");
  EXPECT_EQ(subject(), "first");
  std::filesystem::remove(folder.path() / "tls.key");
  EXPECT_EQ(subject(), "first");
  write("tls.key", second.key);
  EXPECT_EQ(subject(), "second");
}

TEST_F(WebTls, TakesANewAuthorityForClients) {
  const auto server =
      serve(kTls + ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt}\n");
  const TlsWish former{.identity = client()};
  TlsClient kept(at(*server), former);
  kept.send(test::get("/api/v1/plan"));
  EXPECT_THAT(kept.read_to("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  const test::TestCa other("another authority");
  write("ca.crt", other.certificate());
  EXPECT_THAT(TlsClient(at(*server), former).ask("/metrics"), IsEmpty());
  test::CertificateWish wish;
  wish.usage = "clientAuth";
  EXPECT_THAT(TlsClient(at(*server), {.identity = other.issue(wish)}).ask("/metrics"),
              StartsWith("HTTP/1.1 200"));
}

TEST_F(WebTls, IsNotSwitchedOffWhileRunning) {
  const auto server = serve(kTls + "}\n");
  write("web.yml", "{}\n");
  EXPECT_THAT(TlsClient(at(*server)).ask("/metrics"), StartsWith("HTTP/1.1 200"));
}

TEST_F(WebTls, LosesNoRequestWhileCertificatesRotate) {
  const auto server = serve(kTls + "}\n");
  std::atomic<bool> over = false;
  std::atomic<int> answered = 0;
  std::atomic<int> lost = 0;
  const auto scrape = [&] {
    while (!over) {
      const bool right = TlsClient(at(*server)).ask("/metrics").starts_with("HTTP/1.1 200");
      ++(right ? answered : lost);
    }
  };
  std::array<std::jthread, 3> clients{std::jthread(scrape), std::jthread(scrape),
                                      std::jthread(scrape)};
  for (int turn = 0; turn < 20; ++turn) {
    const std::string subject = "turn " + std::to_string(turn);
    write_identity(named(subject));
    // Another client's look may have begun before the files were whole: then the next one sees
    // them.
    const auto guard = std::chrono::steady_clock::now() + test::kGuard;
    bool seen = false;
    while (!seen && std::chrono::steady_clock::now() < guard) {
      seen = TlsClient(at(*server)).certificate_subject() == subject;
    }
    EXPECT_TRUE(seen) << subject;
  }
  over = true;
  for (std::jthread& client : clients) {
    client.join();
  }
  EXPECT_GE(answered, 3);
  EXPECT_EQ(lost, 0);
}

TEST_F(WebTls, ABadIdentityIsNoStart) {
  serve(kTls + "}\n")->stop();
  const auto refused = [&](const std::string& file, const std::string& text) {
    write(file, text);
    const web::Access access{.config_file = to_text(folder.path() / "web.yml"),
                             .excluded_paths = {}};
    const auto server = web::start_server({test::local()}, callbacks, limits, {}, access);
    EXPECT_FALSE(server);
    write_identity(named("first"));
    return server ? std::string() : server.error();
  };
  EXPECT_THAT(refused("tls.crt", "rubbish"), HasSubstr("holds no certificate in PEM"));
  const std::string key = named("other").key;
  EXPECT_THAT(refused("tls.key", key), AllOf(HasSubstr("does not belong to the certificate"),
                                             Not(HasSubstr(key.substr(40, 20)))));
  EXPECT_THAT(refused("tls.key", "rubbish"), HasSubstr("holds no private key in PEM"));
}

}  // namespace
}  // namespace reachd
