#include "probes/net/revocation.hpp"

#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <functional>

#include "probes/net/fetch.hpp"
#include "probes/net/revocation_cache.hpp"
#include "probes/tls.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/test_revocation.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using test::LoopbackServer;
using test::OcspWish;
using test::params;
using test::text;
using testing::HasSubstr;
using testing::StartsWith;

IpAddress address(std::string_view text) { return *IpAddress::parse(text); }

TEST(MayFetchFrom, OrdinaryAddressesServe) {
  for (const char* text : {"192.0.2.1", "10.0.0.1", "2001:db8::1", "fd00::1", "::ffff:192.0.2.1"}) {
    EXPECT_TRUE(may_fetch_from(address(text), std::nullopt)) << text;
  }
}

TEST(MayFetchFrom, WhatOnlyThisHostReachesDoesNot) {
  for (const char* text : {"127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "169.254.169.254",
                           "fe80::1", "::ffff:169.254.169.254"}) {
    EXPECT_FALSE(may_fetch_from(address(text), std::nullopt)) << text;
    EXPECT_FALSE(may_fetch_from(address(text), address("192.0.2.1"))) << text;
  }
}

TEST(MayFetchFrom, ATargetOfTheSameRealmOpensIt) {
  EXPECT_TRUE(may_fetch_from(address("127.0.0.1"), address("127.0.0.2")));
  EXPECT_TRUE(may_fetch_from(address("127.0.0.1"), address("::1")));
  EXPECT_FALSE(may_fetch_from(address("169.254.0.1"), address("127.0.0.1")));
  EXPECT_TRUE(may_fetch_from(address("fe80::2"), address("fe80::1")));
}

TEST(MayFetchFrom, NobodyIsNeverAsked) {
  for (const char* text :
       {"0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "::7f00:1"}) {
    EXPECT_FALSE(may_fetch_from(address(text), address(text))) << text;
  }
}

/// Keeps what it is asked and answers as the test chooses, on the test's own loop.
class Responder {
 public:
  explicit Responder(asio::io_context& context)
      : server_(context, [this](test::Peer& peer) { return serve(peer); }) {}

  std::string url() const { return "http://" + server_.target() + "/ask"; }
  std::uint16_t port() const { return server_.port(); }
  int connections() const { return server_.connections(); }
  const std::string& request() const { return request_; }

  std::string answer;          ///< the whole HTTP answer; empty: silence
  std::string answer_to_post;  ///< to POST; empty: the same
  std::function<void()> when_asked = [] {};

 private:
  asio::awaitable<void> serve(test::Peer& peer) {
    request_ = co_await peer.read_until("\r\n\r\n");
    when_asked();
    const bool post = request_.starts_with("POST") && !answer_to_post.empty();
    const std::string& chosen = post ? answer_to_post : answer;
    if (chosen.empty()) {
      co_await peer.wait_until_closed();
    } else {
      co_await peer.send(chosen);
    }
  }

  std::string request_;
  LoopbackServer server_;
};

/// A server whose certificate names an OCSP responder and a place of revocation lists.
class Revocation : public testing::Test {
 protected:
  test::NetLab lab;
  Responder ocsp{lab.context};
  Responder crl{lab.context};
  test::TestCa ca;
  test::TempFile ca_file{ca.certificate()};
  test::ServerTls server_tls{issue(true, true)};
  std::shared_ptr<X509> leaf = test::read_certificate(server_tls.identity.chain);

  test::CertificateWish wish(bool with_ocsp, bool with_crl) const {
    test::CertificateWish result;
    result.access = with_ocsp ? "OCSP;URI:" + ocsp.url() : "";
    result.crl_points = with_crl ? "URI:" + crl.url() : "";
    return result;
  }
  test::Identity issue(bool with_ocsp, bool with_crl) const {
    return ca.issue(wish(with_ocsp, with_crl));
  }
  void show(test::Identity identity) {
    server_tls.identity = std::move(identity);
    leaf = test::read_certificate(server_tls.identity.chain);
  }
  std::string answer(const OcspWish& wish = {}) const {
    return test::http_ok(test::ocsp_response(ca, leaf.get(), wish));
  }
  std::string list(const test::CrlWish& wish = {}) const {
    return test::http_ok(test::revocation_list(ca, wish));
  }

  /// `revocation` empty: not written.
  Value values(const std::string& revocation, const std::string& verify = "strict") const {
    Value tls = params({{"ca_file", text(ca_file.path())}, {"verify", text(verify)}});
    if (!revocation.empty()) {
      tls.members.push_back({"revocation", {}, text(revocation)});
    }
    return params({{"tls", tls}});
  }
  Outcome see(const std::string& revocation = "", Duration timeout = 4s) {
    return see(values(revocation), timeout);
  }
  Outcome see(const Value& keys, Duration timeout = 4s) {
    LoopbackServer server(lab.context, test::mute(), server_tls);
    return lab.probe(tls_probe_type(), server.target(), keys, timeout);
  }
};

RevocationFacts facts(const Outcome& outcome) {
  EXPECT_TRUE(outcome.tls && outcome.tls->revocation) << outcome.message;
  return outcome.tls && outcome.tls->revocation ? *outcome.tls->revocation : RevocationFacts{};
}

TEST_F(Revocation, AResponderSaysGoodOnce) {
  ocsp.answer = answer();
  const Outcome outcome = see();
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(facts(outcome).status, RevocationStatus::good);
  EXPECT_EQ(facts(outcome).source, RevocationSource::ocsp);
  EXPECT_EQ(facts(outcome).subject, "CN=localhost");
  EXPECT_GT(facts(outcome).until, system_clock().wall_now() + 23h);
  EXPECT_THAT(ocsp.request(), StartsWith("GET /ask/ME"));
  EXPECT_THAT(ocsp.request(), HasSubstr("\r\nHost: 127.0.0.1:" + std::to_string(ocsp.port())));
  EXPECT_EQ(facts(see()).status, RevocationStatus::good);
  EXPECT_EQ(ocsp.connections(), 1) << "kept until its nextUpdate";
  EXPECT_EQ(crl.connections(), 0);
}

TEST_F(Revocation, ARevokedCertificateFails) {
  ocsp.answer = answer({.status = OcspWish::Status::revoked});
  const Outcome outcome = see();
  EXPECT_EQ(outcome.reason, Reason::tls_revoked);
  EXPECT_EQ(outcome.phase, Phase::tls);
  EXPECT_THAT(outcome.message, HasSubstr("CN=localhost was revoked on 20"));
  EXPECT_THAT(outcome.message, HasSubstr("keyCompromise"));
  EXPECT_EQ(facts(outcome).status, RevocationStatus::revoked);
  EXPECT_EQ(facts(outcome).source, RevocationSource::ocsp);
}

TEST_F(Revocation, ObservingRecordsItWithoutAVerdict) {
  ocsp.answer = answer({.status = OcspWish::Status::revoked});
  const Outcome outcome = see(values("soft", "observe"));
  EXPECT_EQ(outcome.reason, Reason::ok);
  EXPECT_EQ(outcome.tls->judgement, Reason::tls_revoked);
}

TEST_F(Revocation, NobodyIsAskedWithoutAPolicy) {
  ocsp.answer = answer({.status = OcspWish::Status::revoked});
  EXPECT_FALSE(see("off").tls->revocation);
  EXPECT_FALSE(see(values("", "observe")).tls->revocation);
  EXPECT_EQ(ocsp.connections(), 0);
}

TEST_F(Revocation, NobodyIsAskedAboutAnUntrustedChain) {
  ocsp.answer = answer();
  crl.answer = list();
  show(test::self_signed(wish(true, true)));
  const Outcome self = see("hard");
  EXPECT_EQ(self.reason, Reason::tls_untrusted);
  EXPECT_FALSE(self.tls->revocation);
  show(test::TestCa("a stranger").issue(wish(true, true)));
  EXPECT_FALSE(see(values("hard", "observe")).tls->revocation);
  EXPECT_EQ(ocsp.connections() + crl.connections(), 0);
}

TEST_F(Revocation, NobodyIsAskedAboutAnExpiredCertificate) {
  test::CertificateWish old = wish(true, true);
  old.until = -1h;
  old.from = -48h;
  show(ca.issue(old));
  EXPECT_EQ(see().reason, Reason::tls_expired);
  EXPECT_EQ(ocsp.connections(), 0);
}

TEST_F(Revocation, ACertificateThatIsTrustedItselfHasNoIssuerToRevokeIt) {
  const auto pinned = test::self_signed(wish(true, true));
  show(pinned);
  const test::TempFile file(pinned.chain);
  const Outcome outcome = see(
      params({{"tls", params({{"ca_file", text(file.path())}, {"revocation", text("hard")}})}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.tls->revocation);
  EXPECT_EQ(ocsp.connections(), 0);
}

TEST_F(Revocation, AStapledResponseSavesTheQuestion) {
  server_tls.staple = test::ocsp_response(ca, leaf.get());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    server_tls.most_version = version;
    const Outcome outcome = see("hard");
    EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
    EXPECT_EQ(facts(outcome).status, RevocationStatus::good);
    EXPECT_EQ(facts(outcome).source, RevocationSource::stapled);
  }
  EXPECT_EQ(ocsp.connections(), 0);
}

TEST_F(Revocation, AStapledRevocationFails) {
  server_tls.staple = test::ocsp_response(ca, leaf.get(), {.status = OcspWish::Status::revoked});
  const Outcome outcome = see();
  EXPECT_EQ(outcome.reason, Reason::tls_revoked);
  EXPECT_EQ(facts(outcome).source, RevocationSource::stapled);
  server_tls.staple = test::ocsp_response(ca, leaf.get());
  EXPECT_EQ(see().reason, Reason::tls_revoked) << "an older good answer does not undo it";
}

TEST_F(Revocation, AStapledResponseThatDoesNotCountIsAskedAgain) {
  ocsp.answer = answer({.status = OcspWish::Status::revoked});
  const auto other = test::read_certificate(ca.issue().chain);
  for (const std::string& staple :
       {std::string("garbage"), test::ocsp_response(ca, other.get()),
        test::ocsp_response(ca, leaf.get(), {.this_update = -2h, .next_update = -1h}),
        test::ocsp_response(ca, leaf.get(), {.signer = OcspWish::Signer::stranger})}) {
    server_tls.staple = staple;
    const Outcome outcome = see();
    EXPECT_EQ(outcome.reason, Reason::tls_revoked);
    EXPECT_EQ(facts(outcome).source, RevocationSource::ocsp);
  }
  EXPECT_EQ(ocsp.connections(), 1);
}

TEST_F(Revocation, AListSaysWhatNoResponderDoes) {
  show(issue(false, true));
  crl.answer = list({.others = 3});
  const Outcome outcome = see("hard");
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(facts(outcome).status, RevocationStatus::good);
  EXPECT_EQ(facts(outcome).source, RevocationSource::crl);
  EXPECT_THAT(crl.request(), StartsWith("GET /ask HTTP/1.1\r\n"));
}

TEST_F(Revocation, AListIsFetchedOnceForAllCertificatesOfItsIssuer) {
  show(issue(false, true));
  const auto good = server_tls.identity;
  const auto bad = issue(false, true);
  crl.answer = list({.revoked = {test::read_certificate(bad.chain).get()}});
  EXPECT_EQ(see().reason, Reason::ok);
  show(bad);
  const Outcome outcome = see();
  EXPECT_EQ(outcome.reason, Reason::tls_revoked);
  EXPECT_EQ(facts(outcome).source, RevocationSource::crl);
  EXPECT_EQ(crl.connections(), 1);
}

TEST_F(Revocation, ALongListIsReadOnAThreadOfItsOwn) {
  show(issue(false, true));
  crl.answer = list({.revoked = {leaf.get()}, .others = 5'000});
  ASSERT_GT(crl.answer.size(), 128U * 1024);
  EXPECT_EQ(see("soft", 15s).reason, Reason::tls_revoked);
}

TEST_F(Revocation, TheListServesWhereTheResponderFails) {
  crl.answer = list();
  for (const std::string& failing :
       {test::http_ok("garbage"), std::string("SSH-2.0-x\r\n"), test::http_ok(test::ocsp_error()),
        std::string("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"), answer()}) {
    show(issue(true, true));  // nothing is known of this one, and answer() was about another
    ocsp.answer = failing;
    const Outcome outcome = see();
    EXPECT_EQ(facts(outcome).status, RevocationStatus::good) << facts(outcome).message;
    EXPECT_EQ(facts(outcome).source, RevocationSource::crl);
  }
}

TEST_F(Revocation, UnknownIsItsOwnValueAndFailsOnlyTheHardPolicy) {
  ocsp.answer = answer({.status = OcspWish::Status::unknown});
  crl.answer = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  const Outcome soft = see("soft");
  EXPECT_EQ(soft.reason, Reason::ok);
  EXPECT_EQ(facts(soft).status, RevocationStatus::unknown);
  EXPECT_EQ(facts(soft).source, RevocationSource::none);
  EXPECT_THAT(facts(soft).message, HasSubstr("the responder does not know the certificate"));
  EXPECT_THAT(facts(soft).message, HasSubstr("HTTP 404 Not Found"));
  const Outcome hard = see("hard");
  EXPECT_EQ(hard.reason, Reason::tls_untrusted);
  EXPECT_EQ(hard.message, facts(soft).message);
  EXPECT_THAT(hard.message, StartsWith("whether CN=localhost is revoked is unknown: "));
}

TEST_F(Revocation, ACertificateThatNamesNobodyIsUnknown) {
  show(issue(false, false));
  const Outcome outcome = see("hard");
  EXPECT_EQ(outcome.reason, Reason::tls_untrusted);
  EXPECT_THAT(outcome.message, HasSubstr("it names nobody to ask"));
  EXPECT_EQ(see("soft").reason, Reason::ok);
}

TEST_F(Revocation, ASilentResponderTakesAThirdOfTheTimeOnce) {
  show(issue(true, false));
  const Outcome first = see("soft", 1500ms);
  EXPECT_EQ(first.reason, Reason::ok) << first.message;
  EXPECT_EQ(facts(first).status, RevocationStatus::unknown);
  EXPECT_GT(first.timings.total, 400ms);
  EXPECT_LT(first.timings.total, 1000ms);
  ocsp.answer = answer();
  const Outcome second = see("soft", 1500ms);
  EXPECT_EQ(facts(second).status, RevocationStatus::unknown);
  EXPECT_EQ(ocsp.connections(), 1) << "not hammered";
  EXPECT_EQ(see("hard").reason, Reason::tls_untrusted);
}

TEST_F(Revocation, WhoWasNotAskedForWantOfTimeIsAskedNextTime) {
  crl.answer = list();
  const Outcome first = see("soft", 600ms);
  EXPECT_EQ(facts(first).status, RevocationStatus::unknown);
  EXPECT_THAT(facts(first).message, HasSubstr("no time was left to ask"));
  EXPECT_EQ(crl.connections(), 0);
  const Outcome second = see("soft");
  EXPECT_EQ(facts(second).source, RevocationSource::crl) << facts(second).message;
  EXPECT_EQ(ocsp.connections(), 1);
}

TEST_F(Revocation, AStopEndsTheQuestionAtOnce) {
  show(issue(true, false));
  ocsp.when_asked = [this] { lab.deadlines.stop(); };
  const Outcome outcome = see("soft", 60s);
  EXPECT_EQ(facts(outcome).status, RevocationStatus::unknown);
}

TEST_F(Revocation, PostServesWhereGetIsRefused) {
  ocsp.answer = "HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n";
  ocsp.answer_to_post = answer();
  EXPECT_EQ(facts(see()).source, RevocationSource::ocsp);
  EXPECT_THAT(ocsp.request(), StartsWith("POST /ask HTTP/1.1\r\n"));
  EXPECT_THAT(ocsp.request(), HasSubstr("\r\nContent-Type: application/ocsp-request\r\n"));
}

TEST_F(Revocation, AnswersAreBounded) {
  show(issue(true, false));
  ocsp.answer = test::http_ok(std::string(std::size_t{65} * 1024, 'x'));
  EXPECT_THAT(facts(see()).message, HasSubstr("the answer is larger than 64 KiB"));
}

TEST_F(Revocation, ARedirectIsNotFollowed) {
  show(issue(true, false));
  ocsp.answer = "HTTP/1.1 302 Found\r\nLocation: " + crl.url() + "\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(facts(see()).status, RevocationStatus::unknown);
  EXPECT_EQ(crl.connections(), 0);
}

TEST_F(Revocation, ANameIsResolvedAndMayNotLeadElsewhere) {
  test::CertificateWish named;
  named.access = "OCSP;URI:http://ocsp.example:" + std::to_string(ocsp.port()) + "/";
  show(ca.issue(named));
  ocsp.answer = answer();
  lab.resolver.names["ocsp.example"] = {address("169.254.169.254"), address("127.0.0.1")};
  EXPECT_EQ(facts(see()).status, RevocationStatus::good);
  show(ca.issue(named));
  lab.resolver.names["ocsp.example"] = {address("169.254.169.254")};
  EXPECT_THAT(facts(see()).message, HasSubstr("no address that a certificate may send us to"));
}

TEST_F(Revocation, IntermediatesAreAskedAboutToo) {
  test::CertificateWish middle = wish(true, false);
  middle.subject = "middle";
  const test::TestCa intermediate = ca.intermediate(middle);
  auto identity = intermediate.issue();
  identity.chain += intermediate.certificate();
  show(identity);
  server_tls.staple = test::ocsp_response(intermediate, leaf.get());
  ocsp.answer = test::http_ok(test::ocsp_response(ca, intermediate.x509()));
  const Outcome good = see("hard");
  EXPECT_EQ(good.reason, Reason::ok) << good.message;
  EXPECT_EQ(facts(good).source, RevocationSource::stapled);
  EXPECT_EQ(ocsp.connections(), 1);
}

TEST_F(Revocation, ARevokedIntermediateFails) {
  test::CertificateWish middle = wish(true, false);
  middle.subject = "middle";
  const test::TestCa intermediate = ca.intermediate(middle);
  auto identity = intermediate.issue();
  identity.chain += intermediate.certificate();
  show(identity);
  ocsp.answer = test::http_ok(
      test::ocsp_response(ca, intermediate.x509(), {.status = OcspWish::Status::revoked}));
  const Outcome outcome = see();
  EXPECT_EQ(outcome.reason, Reason::tls_revoked);
  EXPECT_EQ(facts(outcome).subject, "CN=middle");
}

TEST_F(Revocation, QuestionsGoThroughTheProxyOfTheCheck) {
  test::CertificateWish inside;
  inside.names = "DNS:inside.example";
  inside.access = "OCSP;URI:http://ocsp.example/";
  show(ca.issue(inside));
  std::vector<std::string> asked;
  const test::Script script = [&](test::Peer& peer) -> test::asio::awaitable<void> {
    const std::string request = co_await peer.read_until("\r\n\r\n");
    asked.push_back(request.substr(0, request.find("MF")));
    if (request.starts_with("CONNECT")) {
      co_await peer.send("HTTP/1.1 200 OK\r\n\r\n");
      co_await peer.start_tls(server_tls);
      co_await peer.wait_until_closed();
    } else {
      co_await peer.send(answer());
    }
  };
  LoopbackServer proxy(lab.context, script);
  Value keys = values("hard");
  keys.members.push_back({"proxy", {}, text("http://" + proxy.target())});
  const Outcome outcome = lab.probe(tls_probe_type(), "inside.example:443", keys);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_THAT(asked[0], StartsWith("CONNECT inside.example:443 "));
  EXPECT_THAT(asked[1], StartsWith("GET http://ocsp.example/M"));
  EXPECT_TRUE(lab.resolver.asked.empty());
}

TEST_F(Revocation, ThePolicyIsOneOfThree) {
  EXPECT_THAT(lab.problems(tls_probe_type(), "h:1",
                           params({{"tls", params({{"revocation", text("maybe")}})}})),
              HasSubstr("revocation"));
}

constexpr WallTime kNow = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 12 / 24));

KnownRevocation known(WallTime until) { return {false, RevocationSource::crl, "", until}; }

TEST(RevocationCache, KeepsAnswersUntilTheyEndButNoLongerThanAWeek) {
  RevocationCache cache;
  cache.keep("a", known(kNow + 1h), kNow);
  cache.keep("b", known(WallTime::max()), kNow);
  cache.keep("c", known(kNow), kNow);
  EXPECT_TRUE(cache.find("a", kNow + 59min));
  EXPECT_FALSE(cache.find("a", kNow + 1h));
  EXPECT_TRUE(cache.find("b", kNow + 6 * 24h));
  EXPECT_FALSE(cache.find("b", kNow + 7 * 24h));
  EXPECT_FALSE(cache.find("c", kNow));
}

TEST(RevocationCache, WhenFullWhatEndsFirstGoes) {
  RevocationCache cache;
  for (std::size_t i = 0; i <= RevocationCache::kMostAnswers; ++i) {
    cache.keep(std::to_string(i), known(kNow + (i == 7 ? 1min : 1h)), kNow);
  }
  EXPECT_FALSE(cache.find("7", kNow));
  EXPECT_TRUE(cache.find("0", kNow));
  EXPECT_TRUE(cache.find(std::to_string(RevocationCache::kMostAnswers), kNow));
}

TEST(RevocationCache, ListsAreBoundedByTheirBytes) {
  RevocationCache cache;
  const auto list = std::make_shared<const std::string>(std::size_t{8} * 1024 * 1024, 'x');
  for (int i = 0; i < 5; ++i) {
    cache.keep_list(std::to_string(i), list, kNow + std::chrono::hours(i + 1), kNow);
  }
  EXPECT_FALSE(cache.find_list("0", kNow));
  EXPECT_FALSE(cache.find_list("1", kNow)) << "the URLs count too";
  EXPECT_TRUE(cache.find_list("2", kNow));
  EXPECT_TRUE(cache.find_list("4", kNow));
}

TEST(RevocationCache, FailuresAreForgottenAfterTwoMinutes) {
  RevocationCache cache;
  cache.keep_failure("a", "refused", kNow);
  EXPECT_EQ(cache.find_failure("a", kNow + 119s), "refused");
  EXPECT_FALSE(cache.find_failure("a", kNow + 2min));
  EXPECT_FALSE(cache.find_failure("b", kNow));
}

}  // namespace
}  // namespace reachd::net
