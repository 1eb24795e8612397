#include "probes/syslog.hpp"

#include <gmock/gmock.h>

#include <string>
#include <utility>

#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/support/udp_server.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::LoopbackServer;
using test::params;
using test::ServerTls;
using test::text;
using testing::HasSubstr;

class SyslogProbe : public testing::Test {
 protected:
  test::NetLab lab;
  test::TestCa ca;
  test::TempFile ca_file{ca.certificate()};

  Outcome see_udp(test::UdpServer::Script script) {
    test::UdpServer server(lab.context, std::move(script));
    return lab.probe(syslog_probe_type(), server.target(), {}, 250ms);
  }
  Outcome see_tcp(test::Script script, const Value& values, std::optional<ServerTls> tls = {}) {
    LoopbackServer server(lab.context, std::move(script), std::move(tls));
    return lab.probe(syslog_probe_type(), server.target(), values);
  }
  Value secured() const {
    return params(
        {{"security", text("tls")}, {"tls", params({{"ca_file", text(ca_file.path())}})}});
  }
};

Value over_tcp() { return params({{"transport", text("tcp")}}); }

TEST_F(SyslogProbe, SilenceOverUdpProvesNothingAndNothingIsLogged) {
  std::string logged;
  int datagrams = 0;
  const Outcome outcome = see_udp([&](const std::string& datagram) {
    logged += datagram;
    ++datagrams;
    return std::vector<std::string>();
  });
  EXPECT_EQ(outcome.reason, Reason::no_reply);
  EXPECT_FALSE(outcome.reply_owed);
  EXPECT_THAT(outcome.message, HasSubstr("never answers"));
  EXPECT_GE(datagrams, 2);  // one may be lost
  EXPECT_EQ(logged, "");
}

TEST_F(SyslogProbe, AClosedPortIsRefusedOverUdp) {
  std::string target;
  {
    const test::UdpServer gone(lab.context, {});
    target = gone.target();
  }
  lab.context.poll();
  const Outcome outcome = lab.probe(syslog_probe_type(), target, {}, 2s);
  EXPECT_EQ(outcome.reason, Reason::refused) << outcome.message;
  EXPECT_EQ(outcome.phase, Phase::connect);
  EXPECT_LT(outcome.timings.total, 1s);
}

TEST_F(SyslogProbe, WhatAnswersOverUdpIsNoSyslogServer) {
  const Outcome outcome =
      see_udp([](const std::string&) { return std::vector<std::string>{"hello"}; });
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch);
  EXPECT_THAT(outcome.message, HasSubstr("\"hello\""));
}

TEST_F(SyslogProbe, OverTcpAServerThatTakesTheConnectionAndWaitsIsUp) {
  const Outcome outcome = see_tcp(test::mute(), over_tcp());
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_LT(outcome.timings.total, 2s);
}

TEST_F(SyslogProbe, OverTcpAServerThatSpeaksOrHangsUpIsNone) {
  const Outcome ssh = see_tcp(test::banner("SSH-2.0-x\r\n"), over_tcp());
  EXPECT_EQ(ssh.reason, Reason::protocol_mismatch);
  EXPECT_THAT(ssh.message, HasSubstr("says nothing by itself"));
  EXPECT_EQ(see_tcp(test::hang_up(), over_tcp()).reason, Reason::closed_early);
}

TEST_F(SyslogProbe, TlsIsShakenAndJudged) {
  const Outcome good = see_tcp(test::mute(), secured(), ServerTls{ca.issue()});
  EXPECT_TRUE(good.success()) << good.message;
  EXPECT_TRUE(good.tls);
  const Outcome bad = see_tcp(test::mute(), secured(), ServerTls{test::self_signed()});
  EXPECT_EQ(bad.reason, Reason::tls_untrusted);
  EXPECT_EQ(bad.phase, Phase::tls);
  EXPECT_EQ(see_tcp(test::banner("no TLS here\r\n"), secured()).reason, Reason::protocol_mismatch);
}

TEST_F(SyslogProbe, AServerThatWantsAClientCertificateHasShownItself) {
  ServerTls tls{ca.issue()};
  tls.client_certificate = ServerTls::ClientCertificate::required;
  tls.client_ca = ca.certificate();
  const Outcome outcome = see_tcp(test::mute(), secured(), tls);
  EXPECT_TRUE(outcome.success()) << outcome.message;
}

TEST_F(SyslogProbe, MistakesAreNamed) {
  EXPECT_THAT(lab.problems(syslog_probe_type(), "h",
                           params({{"security", text("tls")}, {"transport", text("udp")}})),
              HasSubstr("security needs transport: tcp"));
  EXPECT_THAT(lab.problems(syslog_probe_type(), "h", params({{"close", text("reset")}})),
              HasSubstr("close"));
}

}  // namespace
}  // namespace reachd
