#include "probes/ftp.hpp"

#include <gmock/gmock.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/support/details.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/reply_server.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::details;
using test::LoopbackServer;
using test::params;
using test::ServerTls;
using test::text;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// What vsftpd 3.0.3 of Debian 12 answers.
constexpr std::string_view kFeatures =
    "211-Features:\r\n AUTH TLS\r\n EPRT\r\n EPSV\r\n MDTM\r\n PASV\r\n PBSZ\r\n PROT\r\n REST "
    "STREAM\r\n"
    " SIZE\r\n TVFS\r\n211 End\r\n";

struct Files : test::ReplyServer {
  Files()
      : ReplyServer{.greeting = "220 (vsFTPd 3.0.3)\r\n",
                    .answers = {{"FEAT", std::string(kFeatures)},
                                {"AUTH TLS", "234 Proceed with negotiation.\r\n"},
                                {"QUIT", "221 Goodbye.\r\n"},
                                {"", "530 Please login with USER and PASS.\r\n"}}} {}
};

class FtpProbe : public testing::Test {
 protected:
  test::NetLab lab;
  test::TestCa ca;
  test::TempFile ca_file{ca.certificate()};

  Outcome see(Files& files, const Value& values = {}, std::optional<ServerTls> tls = {}) {
    LoopbackServer server(lab.context, files.script(), std::move(tls));
    const Outcome outcome = lab.probe(ftp_probe_type(), server.target(), values);
    lab.context.poll();
    return outcome;
  }
  Outcome see_raw(test::Script script, Duration timeout = 4s) {
    LoopbackServer server(lab.context, std::move(script));
    return lab.probe(ftp_probe_type(), server.target(), {}, timeout);
  }
  Value secured(std::string security) const {
    return params({{"security", text(std::move(security))},
                   {"tls", params({{"ca_file", text(ca_file.path())}})}});
  }
};

TEST_F(FtpProbe, TellsGreetingAndFeaturesAndQuits) {
  Files files;
  const Outcome outcome = see(files);
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(outcome.message, "(vsFTPd 3.0.3)");
  EXPECT_THAT(
      details(outcome),
      ElementsAre(Pair("greeting", "(vsFTPd 3.0.3)"),
                  Pair("features",
                       "AUTH TLS, EPRT, EPSV, MDTM, PASV, PBSZ, PROT, REST STREAM, SIZE, TVFS")));
  EXPECT_THAT(files.heard, ElementsAre("FEAT", "QUIT"));
}

TEST_F(FtpProbe, AServerWithoutFeaturesIsAnFtpServer) {
  for (const std::string& noop :
       {std::string("200 NOOP ok.\r\n"), std::string("530 login first\r\n")}) {
    Files files;
    files.greeting = "120 in a minute\r\n220-Welcome\r\nto this server\r\n220 ready\r\n";
    files.answers = {{"NOOP", noop}, {"QUIT", "221 bye\r\n"}, {"", "502 not implemented\r\n"}};
    const Outcome outcome = see(files);
    EXPECT_TRUE(outcome.success()) << outcome.message;
    EXPECT_FALSE(outcome.degraded);
    EXPECT_EQ(outcome.message, "Welcome");
    EXPECT_THAT(files.heard, ElementsAre("FEAT", "NOOP", "QUIT"));
  }
}

TEST_F(FtpProbe, AMailServerIsToldByItsAnswerToNoop) {
  Files mail;
  mail.greeting = "220 mail.example.com ESMTP Postfix\r\n";
  mail.answers = {{"NOOP", "250 2.0.0 Ok\r\n"},
                  {"", "502 5.5.2 Error: command not recognized\r\n"}};
  const Outcome outcome = see(mail);
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch);
  EXPECT_THAT(outcome.message, HasSubstr("that of a mail server"));
  EXPECT_THAT(outcome.message, HasSubstr("250 2.0.0 Ok"));
}

TEST_F(FtpProbe, AServerThatKnowsNeitherFeaturesNorNoopIsAskedForItsSystem) {
  for (const std::string& system : {std::string("215 UNIX Type: L8\r\n"), std::string("530 no\r\n"),
                                    std::string("503 Login with USER first.\r\n")}) {
    Files files;
    files.answers = {{"SYST", system}, {"QUIT", "221 bye\r\n"}, {"", "500 what?\r\n"}};
    const Outcome outcome = see(files);
    EXPECT_TRUE(outcome.success()) << outcome.message;
    EXPECT_THAT(files.heard, ElementsAre("FEAT", "NOOP", "SYST", "QUIT"));
  }
  Files login;
  login.answers = {{"QUIT", "221 bye\r\n"}, {"", "503 Login with USER first.\r\n"}};
  EXPECT_TRUE(see(login).success());
}

TEST_F(FtpProbe, ServicesThatGreetAlikeAreToldApart) {
  for (const auto& [greeting, no] :
       {std::pair("220 dict.example.com dictd 1.12.1/rf on Linux\r\n", "500 unknown command\r\n"),
        std::pair("220 VMware Authentication Daemon Version 1.10: SSL Required\r\n",
                  "530 Please login with USER and PASS.\r\n"),
        std::pair("220 mail.example.com\r\n", "503 5.5.1 Error: send HELO/EHLO first\r\n")}) {
    Files files;
    files.greeting = greeting;
    files.answers = {{"", no}};
    const Outcome outcome = see(files);
    EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << greeting;
    EXPECT_LT(outcome.timings.total, 2s) << greeting;
  }
}

TEST_F(FtpProbe, OtherServicesAreToldAtOnce) {
  for (const std::string& greeting :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string("200 news ready\r\n"),
        std::string("554 no mail for you\r\n"), std::string("\x15\x03\x01\x00\x02\x02\x0a", 7)}) {
    const Outcome outcome = see_raw(test::banner(greeting));
    EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << greeting;
    EXPECT_LT(outcome.timings.total, 2s) << greeting;
  }
}

TEST_F(FtpProbe, AServerThatRefusesThisHostIsDegraded) {
  for (const std::string& no : {std::string("421 There are too many connected users\r\n"),
                                std::string("530 not you\r\n")}) {
    Files files;
    files.greeting = no;
    const Outcome outcome = see(files);
    EXPECT_TRUE(outcome.success()) << outcome.message;
    EXPECT_TRUE(outcome.degraded);
    EXPECT_THAT(outcome.message, HasSubstr(no.substr(0, no.size() - 2)));
  }
}

TEST_F(FtpProbe, SilenceAndAnEndAreToldApart) {
  EXPECT_EQ(see_raw(test::mute(), 60ms).reason, Reason::stalled);
  EXPECT_EQ(see_raw(test::hang_up()).reason, Reason::closed_early);
  EXPECT_EQ(see_raw(test::banner("220 mute afterwards\r\n"), 60ms).reason, Reason::stalled);
}

TEST_F(FtpProbe, TlsFromTheFirstByteOrByAuth) {
  Files implicit;
  EXPECT_TRUE(see(implicit, secured("tls"), ServerTls{ca.issue()}).success());

  Files files;
  files.tls = ServerTls{ca.issue()};
  const Outcome outcome = see(files, secured("starttls"));
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_TRUE(outcome.tls);
  EXPECT_THAT(files.heard, ElementsAre("FEAT", "AUTH TLS", "(tls)", "QUIT"));

  Files self;
  self.tls = ServerTls{test::self_signed()};
  const Outcome judged = see(self, secured("starttls"));
  EXPECT_EQ(judged.reason, Reason::tls_untrusted);
  EXPECT_EQ(judged.phase, Phase::tls);
}

TEST_F(FtpProbe, AuthThatIsRefusedOrFollowedByClearTextFails) {
  Files files;
  files.answers[1].second = "504 unknown\r\n";
  const Outcome refused = see(files, secured("starttls"));
  EXPECT_EQ(refused.reason, Reason::tls_handshake);
  EXPECT_THAT(refused.message, HasSubstr("refuses AUTH TLS: 504 unknown"));
  EXPECT_EQ(files.heard.back(), "QUIT");

  Files injected;
  injected.answers[1].second = "234 go\r\n230 logged in\r\n";
  EXPECT_THAT(see(injected, secured("starttls")).message, HasSubstr("slipped in"));
}

}  // namespace
}  // namespace reachd
