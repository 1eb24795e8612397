#include "probes/udp.hpp"

#include <gmock/gmock.h>

#include "tests/support/net_lab.hpp"
#include "tests/support/udp_server.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::params;
using test::text;
using test::UdpServer;
using testing::HasSubstr;
using Replies = std::vector<std::string>;

class UdpProbe : public testing::Test {
 protected:
  /// Keeps what was asked in `seen`.
  Outcome see(UdpServer::Script script, const Value& values = {}, Duration timeout = 4s) {
    UdpServer server(lab.context, [this, script = std::move(script)](const std::string& asked) {
      seen.push_back(asked);
      return script(asked);
    });
    return lab.probe(udp_probe_type(), server.target(), values, timeout);
  }
  static Replies silent(const std::string&) { return {}; }

  test::NetLab lab;
  std::vector<std::string> seen;
};

TEST_F(UdpProbe, AnyReplyIsUp) {
  const Outcome outcome =
      see([](const std::string&) { return Replies{"pong\n"}; }, params({{"send", text("ping\n")}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(seen.front(), "ping\n");
  EXPECT_EQ(outcome.message, "5 bytes came back: \"pong\\n\"");
  EXPECT_EQ(std::get<ServiceFacts>(*outcome.facts).details.front().second, "\"pong\\n\"");
}

TEST_F(UdpProbe, WithoutWordsItSendsAnEmptyDatagramAndAnEmptyReplyIsOne) {
  const Outcome outcome = see([](const std::string&) { return Replies{""}; });
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(seen.front(), "");
}

TEST_F(UdpProbe, AReplyOfOtherContentIsAMismatch) {
  const Value values = params({{"send_hex", text("0001ff")}, {"expect_hex", text("8101")}});
  const Outcome other = see([](const std::string& asked) { return Replies{asked}; }, values);
  EXPECT_EQ(seen.front(), std::string("\0\1\xff", 3));
  EXPECT_EQ(other.reason, Reason::content_mismatch);
  EXPECT_THAT(other.message, HasSubstr("\"\\x00\\x01\\xff\""));
  EXPECT_EQ(see([](const std::string&) { return Replies{"x\x81\x01y"}; }, values).reason,
            Reason::ok);
}

TEST_F(UdpProbe, SilenceProvesNothingUnlessAReplyIsOwed) {
  const Outcome open = see(&silent, {}, 300ms);
  EXPECT_EQ(open.reason, Reason::no_reply);
  EXPECT_EQ(open.phase, Phase::request);
  EXPECT_FALSE(open.reply_owed);
  EXPECT_THAT(open.message, HasSubstr("open or filtered"));
  const Outcome owed = see(&silent, params({{"reply_owed", text("true")}}), 300ms);
  EXPECT_EQ(owed.reason, Reason::no_reply);
  EXPECT_TRUE(owed.reply_owed);
  EXPECT_THAT(owed.message, HasSubstr("reply_owed"));
}

TEST_F(UdpProbe, AnEmptyDatagramFindsAClosedPort) {
  std::string closed;
  {
    const UdpServer server(lab.context, &silent);
    closed = server.target();
  }
  lab.context.poll();
  const Outcome outcome = lab.probe(udp_probe_type(), closed);
  EXPECT_EQ(outcome.reason, Reason::refused) << outcome.message;
  EXPECT_EQ(outcome.phase, Phase::connect);
  EXPECT_EQ(outcome.attempts.front().offender, IpAddress::parse("127.0.0.1"));
}

TEST_F(UdpProbe, ALongReplyIsCutAndShownInShort) {
  const Outcome outcome = see([](const std::string&) { return Replies{std::string(60000, 'x')}; });
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_LT(outcome.message.size(), 120u);
}

}  // namespace
}  // namespace reachd
