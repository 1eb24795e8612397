#include "probes/tls.hpp"

#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include "probes/net/errors.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::CertificateWish;
using test::list;
using test::LoopbackServer;
using test::params;
using test::ServerTls;
using test::text;
using testing::ElementsAre;
using testing::HasSubstr;

/// An authority that the probe trusts, and a server that shows a certificate.
class TlsProbe : public testing::Test {
 protected:
  test::NetLab lab;
  test::TestCa ca;
  test::TempFile ca_file{ca.certificate()};

  Value trusting(std::initializer_list<std::pair<std::string, Value>> more = {}) const {
    Value tls = params({{"ca_file", text(ca_file.path())}});
    for (const auto& [key, value] : more) {
      tls.members.push_back({key, {}, value});
    }
    return params({{"tls", tls}});
  }

  Outcome see(const ServerTls& server_tls, const Value& values, Duration timeout = 4s) {
    LoopbackServer server(lab.context, test::mute(), server_tls);
    return lab.probe(tls_probe_type(), server.target(), values, timeout);
  }
  Outcome see(const test::Identity& identity) { return see(ServerTls{identity}, trusting()); }
  Outcome see_plain(test::Script script, Duration timeout = 4s) {
    LoopbackServer server(lab.context, std::move(script));
    return lab.probe(tls_probe_type(), server.target(), {}, timeout);
  }
};

CertificateWish expired() {
  CertificateWish wish;
  wish.from = -48h;
  wish.until = -1h;
  return wish;
}

TEST_F(TlsProbe, AGoodChainIsUpWithItsFacts) {
  const Outcome outcome = see(ca.issue());
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  ASSERT_TRUE(outcome.tls);
  EXPECT_EQ(outcome.tls->version, "TLSv1.3");
  EXPECT_THAT(outcome.tls->cipher, HasSubstr("TLS_AES"));
  ASSERT_EQ(outcome.tls->chain.size(), 1U);
  const CertificateFacts& leaf = outcome.tls->chain.front();
  EXPECT_EQ(leaf.subject, "CN=localhost");
  EXPECT_EQ(leaf.issuer, "CN=reachd test authority");
  EXPECT_THAT(leaf.names, ElementsAre("localhost", "127.0.0.1"));
  EXPECT_EQ(leaf.fingerprint_sha256.size(), 64U);
  EXPECT_GT(leaf.not_after, system_clock().wall_now() + 89 * 24h);
  EXPECT_TRUE(outcome.timings[Phase::connect]);
  EXPECT_TRUE(outcome.timings[Phase::tls]);
  EXPECT_FALSE(outcome.timings[Phase::proxy]);
}

TEST_F(TlsProbe, AnExpiredCertificateIsSaidWithItsDateAndKeepsItsFacts) {
  const Outcome outcome = see(ca.issue(expired()));
  EXPECT_EQ(outcome.reason, Reason::tls_expired) << outcome.message;
  EXPECT_EQ(outcome.phase, Phase::tls);
  EXPECT_THAT(outcome.message, HasSubstr("expired 20"));
  ASSERT_TRUE(outcome.tls);
  EXPECT_LT(outcome.tls->chain.front().not_after, system_clock().wall_now());
}

TEST_F(TlsProbe, ACertificateOfTomorrowIsNotYetValid) {
  CertificateWish wish;
  wish.from = 24h;
  const Outcome outcome = see(ca.issue(wish));
  EXPECT_EQ(outcome.reason, Reason::tls_not_yet_valid) << outcome.message;
}

TEST_F(TlsProbe, ACertificateForAnotherNameIsSaidWithBothNames) {
  CertificateWish wish;
  wish.names = "DNS:other.example.com";
  const Outcome outcome = see(ca.issue(wish));
  EXPECT_EQ(outcome.reason, Reason::tls_name) << outcome.message;
  EXPECT_THAT(outcome.message, HasSubstr("127.0.0.1"));
  EXPECT_THAT(outcome.message, HasSubstr("other.example.com"));
}

TEST_F(TlsProbe, ASelfSignedCertificateIsUntrusted) {
  const Outcome outcome = see(test::self_signed());
  EXPECT_EQ(outcome.reason, Reason::tls_untrusted);
  EXPECT_THAT(outcome.message, HasSubstr("self-signed"));
}

TEST_F(TlsProbe, AnotherAuthorityIsUntrusted) {
  const test::TestCa other("some other authority");
  const Outcome outcome = see(other.issue());
  EXPECT_EQ(outcome.reason, Reason::tls_untrusted);
  EXPECT_THAT(outcome.message, HasSubstr("some other authority"));
}

TEST_F(TlsProbe, AnIntermediateHasToBeSent) {
  EXPECT_EQ(see(ca.issue_below_intermediate({}, true)).reason, Reason::ok);
  const Outcome missing = see(ca.issue_below_intermediate({}, false));
  EXPECT_EQ(missing.reason, Reason::tls_untrusted);
  EXPECT_THAT(missing.message, HasSubstr("reachd test intermediate"));
}

TEST_F(TlsProbe, TrustComesBeforeExpiryAndExpiryBeforeTheName) {
  CertificateWish all_wrong = expired();
  all_wrong.names = "DNS:other.example.com";
  EXPECT_EQ(see(test::self_signed(all_wrong)).reason, Reason::tls_untrusted);
  EXPECT_EQ(see(ca.issue(all_wrong)).reason, Reason::tls_expired);
}

TEST_F(TlsProbe, ASelfSignedCertificateInCaFileIsTrusted) {
  const auto identity = test::self_signed();
  const test::TempFile pinned(identity.chain);
  const Value values = params({{"tls", params({{"ca_file", text(pinned.path())}})}});
  EXPECT_EQ(see(ServerTls{identity}, values).reason, Reason::ok);
}

TEST_F(TlsProbe, WhatNobodyVouchesForNamesNoUrls) {
  CertificateWish wish;
  wish.access = "OCSP;URI:http://ocsp.example.com/";
  test::Identity identity = ca.issue(wish);
  CertificateWish appended;
  appended.access = "OCSP;URI:http://internal.example.com/";
  identity.chain += test::self_signed(appended).chain;
  const Outcome outcome = see(ServerTls{identity}, trusting({{"revocation", text("off")}}));
  ASSERT_EQ(outcome.reason, Reason::ok) << outcome.message;
  ASSERT_EQ(outcome.tls->chain.size(), 2U);
  EXPECT_THAT(outcome.tls->chain[0].ocsp_urls, ElementsAre("http://ocsp.example.com/"));
  EXPECT_THAT(outcome.tls->chain[1].ocsp_urls, ElementsAre());
}

TEST_F(TlsProbe, WhatIsSentBesideTheTrustedPathIsNotWhereItEnds) {
  using namespace std::chrono_literals;
  CertificateWish wish;
  wish.until = 60 * 24h;
  test::Identity identity = ca.issue(wish);
  CertificateWish beside;
  beside.subject = "former root";
  beside.until = 5 * 24h;
  identity.chain += test::self_signed(beside).chain;
  const Outcome trusted = see(ServerTls{identity}, trusting({{"revocation", text("off")}}));
  ASSERT_EQ(trusted.reason, Reason::ok) << trusted.message;
  ASSERT_TRUE(trusted.tls->trusted_end);
  EXPECT_EQ(trusted.tls->trusted_end->fingerprint_sha256,
            trusted.tls->chain.front().fingerprint_sha256);
  EXPECT_EQ(first_to_end(*trusted.tls)->not_after, trusted.tls->chain.front().not_after);
  // Without trust there is no path, and all that was sent counts.
  const Value observe = params({{"tls", params({{"verify", text("observe")}})}});
  const Outcome observed = see(ServerTls{identity}, observe);
  ASSERT_EQ(observed.tls->chain.size(), 2U);
  EXPECT_FALSE(observed.tls->trusted_end);
  EXPECT_EQ(first_to_end(*observed.tls), &observed.tls->chain[1]);
}

TEST_F(TlsProbe, AnUnexpectedIssuerIsInterceptionAndBothAreNamed) {
  const Value values = trusting({{"expected_issuers", list({text("Honest Authority")})}});
  const Outcome outcome = see(ServerTls{ca.issue()}, values);
  EXPECT_EQ(outcome.reason, Reason::tls_intercepted);
  EXPECT_THAT(outcome.message, HasSubstr("Honest Authority"));
  EXPECT_THAT(outcome.message, HasSubstr("reachd test authority"));
  const Value expected = trusting({{"expected_issuers", list({text("Reachd Test")})}});
  EXPECT_EQ(see(ServerTls{ca.issue()}, expected).reason, Reason::ok);
}

TEST_F(TlsProbe, ObservingRecordsTheJudgementAndStaysUp) {
  const Value observe = params({{"tls", params({{"verify", text("observe")}})}});
  const Outcome outcome = see(ServerTls{test::self_signed(expired())}, observe);
  EXPECT_EQ(outcome.reason, Reason::ok);
  ASSERT_TRUE(outcome.tls);
  EXPECT_EQ(outcome.tls->judgement, Reason::tls_untrusted);
  EXPECT_FALSE(outcome.tls->judgement_message.empty());
}

TEST_F(TlsProbe, AnOldVersionIsObservedAndJudged) {
  ServerTls old{ca.issue()};
  old.least_version = TLS1_VERSION;
  old.most_version = TLS1_1_VERSION;
  const Outcome outcome = see(old, trusting());
  EXPECT_EQ(outcome.reason, Reason::tls_version) << outcome.message;
  ASSERT_TRUE(outcome.tls);
  EXPECT_EQ(outcome.tls->version, "TLSv1.1");
  EXPECT_EQ(outcome.tls->chain.size(), 1U);
  EXPECT_EQ(see(old, trusting({{"min_version", text("1.1")}})).reason, Reason::ok);
}

TEST_F(TlsProbe, NoVersionInCommonIsAVersionFault) {
  ServerTls modern{ca.issue()};
  modern.least_version = TLS1_3_VERSION;
  const Outcome outcome = see(modern, trusting({{"max_version", text("1.2")}}));
  EXPECT_EQ(outcome.reason, Reason::tls_version) << outcome.message;
  EXPECT_EQ(outcome.phase, Phase::tls);
}

TEST_F(TlsProbe, TheNameIsSentForNamesAndNeverForAddresses) {
  constexpr std::string_view kUnset = "unset";
  std::string sent(kUnset);
  // The server may learn that the handshake is complete after the client has gone.
  const auto said = [&](std::string& what) {
    lab.context.restart();
    while (what == kUnset && lab.context.run_one_for(5s) > 0) {
    }
    return std::exchange(what, kUnset);
  };
  const test::Script note_name = [&](test::Peer& peer) -> test::asio::awaitable<void> {
    sent = peer.server_name();
    co_await peer.wait_until_closed();
  };
  LoopbackServer server(lab.context, note_name, ServerTls{ca.issue()});
  lab.resolver.names["localhost"] = {*IpAddress::parse("127.0.0.1")};
  const Outcome named =
      lab.probe(tls_probe_type(), "localhost:" + std::to_string(server.port()), trusting());
  EXPECT_EQ(named.reason, Reason::ok) << named.message;
  EXPECT_EQ(said(sent), "localhost");
  lab.resolver.names["localhost."] = {*IpAddress::parse("127.0.0.1")};
  const Outcome rooted =
      lab.probe(tls_probe_type(), "localhost.:" + std::to_string(server.port()), trusting());
  EXPECT_EQ(rooted.reason, Reason::ok) << rooted.message;
  EXPECT_EQ(said(sent), "localhost");
  lab.probe(tls_probe_type(), server.target(), trusting());
  EXPECT_EQ(said(sent), "");
  const Value other = trusting({{"server_name", text("other.example.com")}});
  EXPECT_EQ(lab.probe(tls_probe_type(), server.target(), other).reason, Reason::tls_name);
  EXPECT_EQ(said(sent), "other.example.com");
}

TEST_F(TlsProbe, APeerWithoutTlsIsAMismatchAndItsFirstBytesAreShown) {
  const Outcome ssh = see_plain(test::banner("SSH-2.0-OpenSSH_9.2p1\r\n"));
  EXPECT_EQ(ssh.reason, Reason::protocol_mismatch) << ssh.message;
  EXPECT_EQ(ssh.phase, Phase::tls);
  EXPECT_THAT(ssh.message, HasSubstr("SSH-2.0-OpenSSH_9.2p1\\r\\n"));
  const Outcome http = see_plain(test::banner("HTTP/1.1 400 Bad Request\r\n\r\n"));
  EXPECT_EQ(http.reason, Reason::protocol_mismatch);
}

TEST_F(TlsProbe, SilenceInTheHandshakeIsStalledAtTheDeadline) {
  const Outcome outcome = see_plain(test::mute(), 200ms);
  EXPECT_EQ(outcome.reason, Reason::stalled);
  EXPECT_EQ(outcome.phase, Phase::tls);
}

TEST_F(TlsProbe, AClosedHandshakeIsClosedEarly) {
  const test::Script close = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read_until("\x01");  // in the middle of the ClientHello
  };
  const Outcome outcome = see_plain(close);
  EXPECT_EQ(outcome.reason, Reason::closed_early) << outcome.message;
}

TEST_F(TlsProbe, AResetInTheHandshakeIsAReset) {
  const test::Script reset = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.pause(1ms);
    peer.reset();
  };
  const Outcome outcome = see_plain(reset);
  EXPECT_EQ(outcome.reason, Reason::reset) << outcome.message;
  EXPECT_EQ(outcome.phase, Phase::tls);
}

TEST_F(TlsProbe, ADemandForAClientCertificateProvesTheServer) {
  ServerTls demanding{ca.issue()};
  demanding.client_ca = ca.certificate();
  demanding.client_certificate = ServerTls::ClientCertificate::required;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    demanding.most_version = version;
    const Outcome outcome = see(demanding, trusting());
    EXPECT_EQ(outcome.reason, Reason::ok) << version << " " << outcome.message;
    ASSERT_TRUE(outcome.tls);
    EXPECT_TRUE(outcome.tls->client_certificate_asked);
    EXPECT_FALSE(outcome.tls->chain.empty());
  }
}

TEST_F(TlsProbe, AClientCertificateIsShownAndARefusedOneIsSaid) {
  ServerTls demanding{ca.issue()};
  demanding.client_ca = ca.certificate();
  demanding.client_certificate = ServerTls::ClientCertificate::required;
  demanding.most_version = TLS1_2_VERSION;
  const auto present = [&](const test::Identity& identity) {
    const test::TempFile certificate(identity.chain);
    const test::TempFile key(identity.key);
    return see(demanding, trusting({{"certificate_file", text(certificate.path())},
                                    {"key_file", text(key.path())}}));
  };
  EXPECT_EQ(present(ca.issue()).reason, Reason::ok);
  const Outcome refused = present(test::self_signed());
  EXPECT_EQ(refused.reason, Reason::tls_handshake) << refused.message;
  EXPECT_THAT(refused.message, HasSubstr("client certificate"));
}

TEST_F(TlsProbe, ACertificateOfAbsurdSizeIsRefusedUnread) {
  CertificateWish wish;
  wish.padding = std::size_t{4} * 1024 * 1024;
  const Outcome outcome = see(ca.issue(wish));
  EXPECT_EQ(outcome.reason, Reason::tls_handshake);
  EXPECT_THAT(outcome.message, HasSubstr("larger than 100 KiB"));
}

TEST_F(TlsProbe, AnUnreadableAuthorityIsOurOwnFault) {
  const test::TempFile broken("this is no certificate");
  const Value values = params({{"tls", params({{"ca_file", text(broken.path())}})}});
  const Outcome outcome = see(ServerTls{ca.issue()}, values);
  EXPECT_EQ(outcome.reason, Reason::local_error);
  EXPECT_THAT(outcome.message, HasSubstr("certificate authorities"));
}

TEST_F(TlsProbe, BadParametersAreAllSaid) {
  const Value values = params({{"tls", params({{"verify", text("stricter")},
                                               {"ca_file", text("/nowhere/ca.pem")},
                                               {"min_version", text("1.4")},
                                               {"key_file", text("/nowhere/key.pem")},
                                               {"ca_fil", text("x")}})},
                               {"close", text("abruptly")}});
  const std::string said = lab.problems(tls_probe_type(), "localhost", values);
  for (const char* part : {"verify is one of", "ca_file: can't read", "min_version is one of",
                           "key_file: can't read", "unknown key \"ca_fil\"", "close is one of"}) {
    EXPECT_THAT(said, HasSubstr(part));
  }
}

}  // namespace
}  // namespace reachd
