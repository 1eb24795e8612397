#include "probes/cmm_command_mode.hpp"

#include <gmock/gmock.h>

#include <string>
#include <utility>

#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::LoopbackServer;
using test::params;
using test::ServerTls;
using test::text;
using testing::HasSubstr;

class CommandModeProbe : public testing::Test {
 protected:
  test::NetLab lab;

  Outcome see(test::Script script, const Value& values = {}, std::optional<ServerTls> tls = {},
              Duration timeout = 4s) {
    LoopbackServer server(lab.context, std::move(script), std::move(tls));
    return lab.probe(cmm_command_mode_probe_type(), server.target(), values, timeout);
  }
};

TEST_F(CommandModeProbe, AModuleThatWaitsIsUp) {
  const Outcome outcome = see(test::mute());
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_THAT(outcome.message, HasSubstr("waits"));
  EXPECT_FALSE(outcome.facts);
  EXPECT_LT(outcome.timings.total, 2s);
}

TEST_F(CommandModeProbe, WaitsForHalfOfAShortTimeOnly) {
  const Outcome outcome = see(test::mute(), {}, {}, 100ms);
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_LT(outcome.timings.total, 100ms);
}

TEST_F(CommandModeProbe, WhatItSaysByItselfIsRecorded) {
  const Outcome outcome = see(test::banner("\x01ready"));
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_EQ(outcome.message, "it greets with \"\\x01ready\"");
  const auto& facts = std::get<ServiceFacts>(*outcome.facts);
  EXPECT_THAT(facts.details, testing::ElementsAre(testing::Pair("greeting", "\"\\x01ready\"")));
}

TEST_F(CommandModeProbe, OtherServicesAreToldByTheirGreeting) {
  for (const std::string& greeting :
       {std::string("SSH-2.0-x\r\n"), std::string("220 ftp\r\n"), std::string("HTTP/1.1 408 \r\n"),
        std::string("RFB 003.008\n"), std::string("+OK POP3\r\n"), std::string("* OK IMAP4\r\n")}) {
    const Outcome outcome = see(test::banner(greeting));
    EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << greeting;
    EXPECT_THAT(outcome.message, HasSubstr(greeting.substr(0, 3)));
  }
  for (const std::string& binary : {std::string("J\0\0\0", 4), std::string("\xff\xfd\x18")}) {
    EXPECT_EQ(see(test::banner(binary)).reason, Reason::protocol_mismatch);
  }
  EXPECT_EQ(see(test::hang_up()).reason, Reason::closed_early);
}

TEST_F(CommandModeProbe, TheSecureOneIsShakenAndJudged) {
  const test::TestCa ca;
  const auto tls = [](std::string verify) {
    return params(
        {{"security", text("tls")}, {"tls", params({{"verify", text(std::move(verify))}})}});
  };
  const Outcome seen = see(test::mute(), tls("observe"), ServerTls{ca.issue()});
  EXPECT_TRUE(seen.success()) << seen.message;
  EXPECT_TRUE(seen.tls);
  const Outcome judged = see(test::mute(), tls("strict"), ServerTls{test::self_signed()});
  EXPECT_EQ(judged.reason, Reason::tls_untrusted);
  EXPECT_EQ(judged.phase, Phase::tls);
}

}  // namespace
}  // namespace reachd
