#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "tests/blackbox/blackbox_lab.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/ports.hpp"

namespace reachd::blackbox {
namespace {

using config::blackbox::Module;

/// A tcp module's probe of `target`.
struct Probed {
  Probed(test::BlackboxLab& lab, Module module, const std::string& target,
         const std::string& hostname = {}) {
    test::ModuleRun run(lab, std::move(module), target);
    run.hostname = hostname;
    success = test::run(lab.context, probe_tcp(run.run));
    samples = run.samples;
    refused = run.run.refused;
    log = run.log.lines;
    samples.render(text);
  }

  bool success = false;
  Samples samples;
  std::string refused;
  std::string log;
  std::string text;
};

Module over_tls(const test::TestCa& ca) {
  Module module;
  module.tcp.tls = true;
  module.tcp.tls_config.ca.text = Secret(ca.certificate());
  return module;
}

TEST(TcpProber, AnOpenPortSucceedsAndIsClosedAgain) {
  test::BlackboxLab lab;
  lab.allow_all();
  bool closed = false;
  const test::Script script = [&](test::Peer& peer) -> asio::awaitable<void> {
    co_await peer.wait_until_closed();
    closed = true;
  };
  const test::LoopbackServer server(lab.context, script);
  const Probed probed(lab, {}, server.target());
  EXPECT_TRUE(probed.success);
  EXPECT_EQ(probed.samples.value(Family::ip_protocol), 4);
  EXPECT_TRUE(probed.samples.has(Family::failed_due_to_regex));
  EXPECT_TRUE(probed.samples.has(Family::failed_due_to_bytes));
  while (!closed && lab.context.run_one_for(std::chrono::seconds(4)) > 0) {
  }
  EXPECT_TRUE(closed);
}

TEST(TcpProber, ARefusedPortHasOnlyTheSamplesOfTheAddress) {
  test::BlackboxLab lab;
  lab.allow_all();
  const Probed probed(lab, {}, test::ClosedPort(lab.context).endpoint().to_string());
  EXPECT_FALSE(probed.success);
  EXPECT_TRUE(probed.samples.has(Family::ip_addr_hash));
  EXPECT_FALSE(probed.samples.has(Family::failed_due_to_regex));
  EXPECT_FALSE(probed.samples.has(Family::failed_due_to_bytes));
}

TEST(TcpProber, ATargetWithoutAPortFailsWithoutSamples) {
  test::BlackboxLab lab;
  lab.allow_all();
  const Probed probed(lab, {}, "127.0.0.1");
  EXPECT_FALSE(probed.success);
  EXPECT_EQ(probed.text, "");
}

TEST(TcpProber, WhatIsNotAllowedIsNotConnectedTo) {
  test::BlackboxLab lab;
  lab.allow({{"cidr", "10.0.0.0/8"}});
  const test::LoopbackServer server(lab.context, test::mute());
  lab.resolver.names = {{"here.example", {server.endpoint().address}}};
  EXPECT_NE(Probed(lab, {}, server.target()).refused, "");
  EXPECT_NE(Probed(lab, {}, "here.example:" + std::to_string(server.port())).refused, "");
  lab.context.poll();
  EXPECT_EQ(server.connections(), 0);
}

TEST(TcpProber, ANameIsResolved) {
  test::BlackboxLab lab;
  lab.allow_all();
  const test::LoopbackServer server(lab.context, test::mute());
  lab.resolver.names = {{"here.example", {server.endpoint().address}}};
  EXPECT_TRUE(Probed(lab, {}, "here.example:" + std::to_string(server.port())).success);
}

TEST(TcpProber, TheSourceAddressIsTaken) {
  test::BlackboxLab lab;
  lab.allow_all();
  const test::LoopbackServer server(lab.context, test::mute());
  Module module;
  module.tcp.source = *IpAddress::parse("127.0.0.9");
  EXPECT_TRUE(Probed(lab, module, server.target()).success);
  module.tcp.source = *IpAddress::parse("192.0.2.77");
  EXPECT_FALSE(Probed(lab, module, server.target()).success);
}

TEST(TcpProber, TlsShowsItsVersionAndItsCertificates) {
  test::BlackboxLab lab;
  lab.allow_all();
  const test::TestCa ca;
  const test::LoopbackServer server(lab.context, test::mute(), test::ServerTls{ca.issue()});
  const Probed probed(lab, over_tls(ca), server.target());
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_THAT(probed.text, testing::HasSubstr("probe_tls_version_info{version=\"TLS 1.3\"} 1\n"));
  EXPECT_THAT(probed.text, testing::HasSubstr("probe_tls_cipher_info{cipher=\"TLS_AES_"));
  EXPECT_THAT(probed.text,
              testing::ContainsRegex("probe_ssl_last_chain_info.fingerprint_sha256=\".+\","
                                     "issuer=\"CN=reachd test authority\",serialnumber="
                                     "\".+\",subject=\"CN=localhost\","
                                     "subjectalternative=\"localhost\""));
  const auto expiry = probed.samples.value(Family::ssl_earliest_cert_expiry);
  EXPECT_NEAR(expiry - static_cast<double>(std::time(nullptr)), 90 * 24 * 3600, 60);
  EXPECT_EQ(probed.samples.value(Family::ssl_last_chain_expiry_timestamp_seconds), expiry);
}

TEST(TcpProber, ABadCertificateFailsAndShowsItsDatesAllTheSame) {
  test::BlackboxLab lab;
  lab.allow_all();
  const test::TestCa ca;
  test::CertificateWish wish;
  wish.from = std::chrono::hours(-48);
  wish.until = std::chrono::hours(-24);
  const test::LoopbackServer server(lab.context, test::mute(), test::ServerTls{ca.issue(wish)});
  const Probed probed(lab, over_tls(ca), server.target());
  EXPECT_FALSE(probed.success);
  EXPECT_NEAR(probed.samples.value(Family::ssl_earliest_cert_expiry) -
                  static_cast<double>(std::time(nullptr)),
              -24 * 3600, 60);
  EXPECT_FALSE(probed.samples.has(Family::ssl_last_chain_expiry_timestamp_seconds));
  EXPECT_FALSE(probed.samples.has(Family::failed_due_to_regex));
}

TEST(TcpProber, NobodyVerifiesWhereThatIsSkipped) {
  test::BlackboxLab lab;
  lab.allow_all();
  const test::LoopbackServer server(lab.context, test::mute(),
                                    test::ServerTls{test::self_signed()});
  Module module;
  module.tcp.tls = true;
  module.tcp.tls_config.insecure_skip_verify = true;
  const Probed probed(lab, module, server.target());
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_EQ(probed.samples.value(Family::ssl_last_chain_expiry_timestamp_seconds), -62135596800.0);
}

TEST(TcpProber, AnOldVersionFailsEvenWhereNobodyVerifies) {
  test::BlackboxLab lab;
  lab.allow_all();
  test::ServerTls tls{test::self_signed()};
  tls.most_version = 0x0303;
  const test::LoopbackServer server(lab.context, test::mute(), tls);
  Module module;
  module.tcp.tls = true;
  module.tcp.tls_config.insecure_skip_verify = true;
  module.tcp.tls_config.min_version = 0x0304;
  EXPECT_FALSE(Probed(lab, module, server.target()).success);
}

TEST(TcpProber, AHandshakeThatEndsForWantOfAClientCertificateFails) {
  test::BlackboxLab lab;
  lab.allow_all();
  const test::TestCa ca;
  test::ServerTls tls{ca.issue()};
  tls.client_certificate = test::ServerTls::ClientCertificate::required;
  tls.client_ca = ca.certificate();
  tls.most_version = 0x0303;  // TLS 1.3 would end it only with the first read
  const test::LoopbackServer server(lab.context, test::mute(), tls);
  const Probed without(lab, over_tls(ca), server.target());
  EXPECT_FALSE(without.success);
  EXPECT_THAT(without.log, testing::HasSubstr("the server demands a client certificate"));
  const test::Identity client = ca.issue();
  Module module = over_tls(ca);
  module.tcp.tls_config.cert.text = Secret(client.chain);
  module.tcp.tls_config.key.text = Secret(client.key);
  const Probed with(lab, module, server.target());
  EXPECT_TRUE(with.success) << with.log;
}

TEST(TcpProber, TheHostnameIsTheNameForTlsUnlessTheModuleHasOne) {
  test::BlackboxLab lab;
  lab.allow_all();
  const test::TestCa ca;
  test::CertificateWish wish;
  wish.names = "DNS:mail.example";
  std::string said;
  const test::Script script = [&](test::Peer& peer) -> asio::awaitable<void> {
    said = peer.server_name();
    co_await peer.wait_until_closed();
  };
  const test::LoopbackServer server(lab.context, script, test::ServerTls{ca.issue(wish)});
  Module module = over_tls(ca);
  EXPECT_FALSE(Probed(lab, module, server.target()).success);
  EXPECT_TRUE(Probed(lab, module, server.target(), "mail.example").success);
  while (said.empty() && lab.context.run_one_for(std::chrono::seconds(4)) > 0) {
  }
  EXPECT_EQ(said, "mail.example");
  module.tcp.tls_config.server_name = "mail.example";
  EXPECT_TRUE(Probed(lab, module, server.target(), "other.example").success);
}

TEST(TcpProber, StarttlsGoesOnOverTls) {
  test::BlackboxLab lab;
  lab.allow_all();
  const test::TestCa ca;
  const test::ServerTls tls{ca.issue()};
  std::string heard;
  const test::Script script = [&](test::Peer& peer) -> asio::awaitable<void> {
    co_await peer.send("220 mx\r\n");
    co_await peer.read_until("\n");
    co_await peer.send("220 go ahead\r\n");
    const bool secured = co_await peer.start_tls(tls);
    EXPECT_TRUE(secured);
    heard = co_await peer.read_until("\n");
    co_await peer.send("250 hello\r\n");
    co_await peer.wait_until_closed();
  };
  const test::LoopbackServer server(lab.context, script);
  Module module;
  module.tcp.tls_config.ca.text = Secret(ca.certificate());
  const auto step = [](std::string_view expect, std::string send, bool starttls) {
    config::blackbox::QueryStep made;
    if (!expect.empty()) {
      made.expect = *Pattern::compile(expect);
    }
    made.send = std::move(send);
    made.starttls = starttls;
    return made;
  };
  module.tcp.query_response = {step("^220", "STARTTLS", false), step("^220", "", true),
                               step("", "EHLO prober", false), step("^250", "", false)};
  const Probed probed(lab, module, server.target());
  EXPECT_TRUE(probed.success) << probed.log;
  EXPECT_EQ(heard, "EHLO prober\n");
  EXPECT_THAT(probed.text, testing::HasSubstr("probe_tls_version_info"));
}

TEST(TcpProber, AServerThatSpeaksNoTlsFailsTheHandshake) {
  test::BlackboxLab lab;
  lab.allow_all();
  const test::LoopbackServer server(lab.context, test::banner("220 plain as day\r\n"));
  Module module;
  module.tcp.tls = true;
  module.tcp.tls_config.insecure_skip_verify = true;
  const Probed probed(lab, module, server.target());
  EXPECT_FALSE(probed.success);
  EXPECT_FALSE(probed.samples.has(Family::tls_version_info));
}

}  // namespace
}  // namespace reachd::blackbox
