#include "probes/smtp.hpp"

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
using testing::StartsWith;

constexpr std::string_view kGreeting = "220 mail.example.com ESMTP Postfix\r\n";
constexpr std::string_view kHello =
    "250-mail.example.com\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-starttls\r\n250 DSN\r\n";

struct Mail : test::ReplyServer {
  Mail()
      : ReplyServer{.greeting = std::string(kGreeting),
                    .answers = {{"EHLO", std::string(kHello)},
                                {"STARTTLS", "220 go on\r\n"},
                                {"QUIT", "221 bye\r\n"}},
                    .otherwise = "502 5.5.2 Error: command not recognized\r\n"} {}
};

class SmtpProbe : public testing::Test {
 protected:
  test::NetLab lab;
  test::TestCa ca;
  test::TempFile ca_file{ca.certificate()};

  Outcome see(Mail& mail, const Value& values = {}, std::optional<ServerTls> tls = {},
              Duration timeout = 4s) {
    LoopbackServer server(lab.context, mail.script(), std::move(tls));
    const Outcome outcome = lab.probe(smtp_probe_type(), server.target(), values, timeout);
    lab.context.poll();
    return outcome;
  }
  Outcome see_raw(test::Script script, Duration timeout = 4s) {
    LoopbackServer server(lab.context, std::move(script));
    return lab.probe(smtp_probe_type(), server.target(), {}, timeout);
  }
  Value secured(std::string security) const {
    return params({{"security", text(std::move(security))},
                   {"tls", params({{"ca_file", text(ca_file.path())}})},
                   {"ehlo", text("probe.example.com")}});
  }
};

TEST_F(SmtpProbe, TellsGreetingAndExtensionsAndQuits) {
  Mail mail;
  const Outcome outcome = see(mail, params({{"ehlo", text("[192.0.2.1]")}}));
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(outcome.message, "mail.example.com ESMTP Postfix");
  EXPECT_THAT(details(outcome),
              ElementsAre(Pair("greeting", "mail.example.com ESMTP Postfix"),
                          Pair("name", "mail.example.com"),
                          Pair("extensions", "PIPELINING, SIZE 10240000, starttls, DSN")));
  EXPECT_THAT(mail.heard, ElementsAre("EHLO [192.0.2.1]", "QUIT"));
}

TEST_F(SmtpProbe, IntroducesItselfByTheHostsName) {
  Mail mail;
  EXPECT_TRUE(see(mail).success());
  ASSERT_FALSE(mail.heard.empty());
  EXPECT_THAT(mail.heard.front(), testing::MatchesRegex("EHLO \\S+"));
}

TEST_F(SmtpProbe, FallsBackToHelo) {
  Mail mail;
  mail.answers = {{"HELO", "250 old.example.com\r\n"}, {"QUIT", "221 bye\r\n"}};
  const Outcome outcome = see(mail);
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_THAT(details(outcome), ElementsAre(Pair("greeting", "mail.example.com ESMTP Postfix"),
                                            Pair("name", "old.example.com")));
}

TEST_F(SmtpProbe, AGreetingOfSeveralLinesInPiecesIsHeard) {
  Mail mail;
  const auto rest = mail.script();
  const auto script = [&](test::Peer& peer) -> asio::awaitable<void> {
    co_await peer.send("220-no ");
    co_await peer.pause(5ms);
    co_await peer.send("spam\r\n220 ");
    co_await peer.pause(5ms);
    mail.greeting = "ready\r\n";
    co_await rest(peer);
  };
  const Outcome outcome = see_raw(script);
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_EQ(outcome.message, "no spam");
}

TEST_F(SmtpProbe, AServerThatRefusesThisHostIsDegraded) {
  for (const std::string& no :
       {std::string("421 4.3.2 too busy\r\n"), std::string("554 go away\r\n"),
        std::string("571 not you\r\n"), std::string("530 5.7.1 not you\r\n")}) {
    Mail mail;
    mail.greeting = no;
    const Outcome outcome = see(mail, secured("starttls"));
    EXPECT_TRUE(outcome.success()) << outcome.message;
    EXPECT_TRUE(outcome.degraded);
    EXPECT_THAT(outcome.message, HasSubstr(no.substr(0, no.size() - 2)));
    EXPECT_THAT(mail.heard, ElementsAre("QUIT"));
  }
  Mail mail;
  mail.answers.front().second = "550 not from there\r\n";
  const Outcome outcome = see(mail);
  EXPECT_TRUE(outcome.degraded) << outcome.message;
  EXPECT_THAT(outcome.message, HasSubstr("550 not from there"));
}

TEST_F(SmtpProbe, ARefusalOfTheNameIsThatOfAMailServer) {
  for (const std::string& no : {std::string("504 5.5.2 <x>: Helo command rejected: need FQDN\r\n"),
                                std::string("501 Syntactically invalid HELO argument(s)\r\n"),
                                std::string("530 5.7.0 Must issue STARTTLS first\r\n")}) {
    Mail mail;
    mail.answers = {{"EHLO", no}, {"HELO", no}, {"QUIT", "221 bye\r\n"}};
    const Outcome outcome = see(mail);
    EXPECT_TRUE(outcome.degraded) << outcome.message;
    EXPECT_THAT(outcome.message, HasSubstr(no.substr(0, no.size() - 2)));
  }
  for (const char* other : {"500 5.5 of what?\r\n", "500 4.5.2 x\r\n", "500 5.5.2x\r\n",
                            "500 5.1234.2 x\r\n", "502 5..2 x\r\n", "500 5\r\n", "500\r\n"}) {
    Mail mail;
    mail.answers = {{"", other}};
    EXPECT_FALSE(see(mail).success()) << other;
  }
}

TEST_F(SmtpProbe, OtherServicesThatGreetAlikeAreToldApart) {
  Mail ftp;  // vsftpd
  ftp.greeting = "220 (vsFTPd 3.0.3)\r\n";
  ftp.answers = {{"", "530 Please login with USER and PASS.\r\n"}};
  const Outcome outcome = see(ftp);
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << outcome.message;
  EXPECT_THAT(outcome.message, HasSubstr("530 Please login"));
  for (const std::string& greeting :
       {std::string("200 news.example.com InterNetNews\r\n"),
        std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string("530 not logged in\r\n"),
        std::string("* OK IMAP4rev1\r\n")}) {
    const Outcome other = see_raw(test::banner(greeting));
    EXPECT_EQ(other.reason, Reason::protocol_mismatch) << greeting;
    EXPECT_LT(other.timings.total, 2s) << greeting;
  }
}

TEST_F(SmtpProbe, SilenceAndAnEndAreToldApart) {
  EXPECT_EQ(see_raw(test::mute(), 60ms).reason, Reason::stalled);
  EXPECT_EQ(see_raw(test::hang_up()).reason, Reason::closed_early);
  EXPECT_EQ(see_raw(test::banner(std::string(kGreeting)), 60ms).reason, Reason::stalled);
  EXPECT_EQ(see_raw(test::hang_up("220-half")).reason, Reason::closed_early);
}

TEST_F(SmtpProbe, TlsFromTheFirstByte) {
  Mail mail;
  const Outcome outcome = see(mail, secured("tls"), ServerTls{ca.issue()});
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_TRUE(outcome.tls);
  EXPECT_TRUE(outcome.timings[Phase::tls]);
}

TEST_F(SmtpProbe, StarttlsIsAskedForAndTheExtensionsAreAskedForAgain) {
  Mail mail;
  mail.tls = ServerTls{ca.issue()};
  const Outcome outcome = see(mail, secured("starttls"));
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_TRUE(outcome.tls);
  EXPECT_THAT(mail.heard, ElementsAre("EHLO probe.example.com", "STARTTLS", "(tls)",
                                      "EHLO probe.example.com", "QUIT"));
}

TEST_F(SmtpProbe, ADemandForAClientCertificateAfterStarttlsProvesTheServer) {
  Mail mail;
  mail.tls = ServerTls{ca.issue()};
  mail.tls->client_ca = ca.certificate();
  mail.tls->client_certificate = ServerTls::ClientCertificate::required;
  const Outcome outcome = see(mail, secured("starttls"));
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_THAT(outcome.message, HasSubstr("client certificate"));
}

TEST_F(SmtpProbe, TheCertificateIsJudged) {
  Mail mail;
  mail.tls = ServerTls{test::self_signed()};
  const Outcome outcome = see(mail, secured("starttls"));
  EXPECT_EQ(outcome.reason, Reason::tls_untrusted) << outcome.message;
  EXPECT_EQ(outcome.phase, Phase::tls);
  ASSERT_TRUE(outcome.tls);
  EXPECT_FALSE(details(outcome).empty());
}

TEST_F(SmtpProbe, AServerWithoutStarttlsFails) {
  Mail mail;
  mail.answers.front().second = "250 mail.example.com\r\n";
  const Outcome outcome = see(mail, secured("starttls"));
  EXPECT_EQ(outcome.reason, Reason::tls_handshake);
  EXPECT_EQ(outcome.phase, Phase::tls);
  EXPECT_THAT(outcome.message, HasSubstr("offers no STARTTLS"));
  EXPECT_THAT(mail.heard, ElementsAre(StartsWith("EHLO"), "QUIT"));

  Mail sorry;
  sorry.answers[1].second = "454 4.7.0 TLS not available\r\n";
  EXPECT_THAT(see(sorry, secured("starttls")).message, HasSubstr("454 4.7.0 TLS not available"));
}

TEST_F(SmtpProbe, WhatIsSlippedInBeforeTheHandshakeIsNotTakenForTheServers) {
  Mail mail;
  mail.answers[1].second = "220 go on\r\n250 injected\r\n";
  const Outcome outcome = see(mail, secured("starttls"));
  EXPECT_EQ(outcome.reason, Reason::tls_handshake);
  EXPECT_THAT(outcome.message, HasSubstr("slipped in"));
}

TEST_F(SmtpProbe, MistakesAreNamed) {
  const std::string problems = lab.problems(
      smtp_probe_type(), "h", params({{"ehlo", text("two words")}, {"security", text("ssl")}}));
  EXPECT_THAT(problems, HasSubstr("ehlo is a host name"));
  EXPECT_THAT(problems, HasSubstr("security"));
}

}  // namespace
}  // namespace reachd
