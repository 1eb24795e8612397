#include "probes/tcp_dialogue.hpp"

#include <gmock/gmock.h>

#include <string>

#include "probes/tcp.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/test_ca.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::list;
using test::LoopbackServer;
using test::params;
using test::ServerTls;
using test::text;
using testing::HasSubstr;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

SendExpect pattern(std::string_view text) {
  SendExpect wanted;
  wanted.expect = Pattern::compile(text).value();
  return wanted;
}

SendExpect raw(std::string_view text) {
  SendExpect wanted;
  wanted.expect_bytes.assign(bytes(text).begin(), bytes(text).end());
  return wanted;
}

TEST(Ear, APatternIsLookedForLineByLine) {
  tcp::Ear ear;
  ear.add(bytes("one\r\ntwo 2\r\nthree"));
  EXPECT_EQ(ear.take(pattern("^two .$")), "two 2");
  EXPECT_FALSE(ear.take(pattern("^one")));  // used up
  EXPECT_EQ(ear.take(pattern("^three$")), "three");
  EXPECT_TRUE(ear.empty());
}

TEST(Ear, TheRestOfAnUnfinishedLineThatMatchedIsUsedUp) {
  tcp::Ear ear;
  ear.add(bytes("220 rea"));
  EXPECT_EQ(ear.take(pattern("^220")), "220 rea");
  EXPECT_TRUE(ear.in_line());
  ear.add(bytes("dy "));
  ear.add(bytes("220\r\nnext"));
  EXPECT_FALSE(ear.in_line());
  EXPECT_FALSE(ear.take(pattern("220")));
  EXPECT_EQ(ear.take(pattern("next")), "next");
}

TEST(Ear, AfterAPromptSomethingSentBeginsANewLine) {
  tcp::Ear ear;
  ear.add(bytes("login: "));
  EXPECT_TRUE(ear.take(pattern("login: $")));
  ear.said();
  ear.add(bytes("Password: "));
  EXPECT_EQ(ear.take(pattern("^Password")), "Password:");
}

TEST(Ear, BytesAreFoundAcrossPieces) {
  tcp::Ear ear;
  ear.add(bytes(std::string_view("ab\0", 3)));
  EXPECT_FALSE(ear.take(raw(std::string_view("\0\xff", 2))));
  ear.add(bytes("\xffrest"));
  EXPECT_EQ(ear.take(raw(std::string_view("\0\xff", 2))), "\"\\x00\\xff\"");
  EXPECT_EQ(ear.take(raw("rest")), "\"rest\"");
  EXPECT_TRUE(ear.empty());
}

TEST(Ear, KeepsCountAndTheBeginningOfAStep) {
  tcp::Ear ear;
  ear.add(bytes(std::string(100, 'a') + "\nleft"));
  EXPECT_EQ(ear.heard_in_step(), 105U);
  EXPECT_EQ(ear.beginning(), std::string(64, 'a'));
  EXPECT_TRUE(ear.take(pattern("a")));
  ear.begin_step();
  EXPECT_EQ(ear.heard_in_step(), 4U);
  EXPECT_EQ(ear.beginning(), "left");
}

class TcpDialogue : public testing::Test {
 protected:
  test::NetLab lab;

  Outcome see(test::Script script, const Value& values, Duration timeout = 4s,
              std::optional<ServerTls> tls = {}) {
    LoopbackServer server(lab.context, std::move(script), std::move(tls));
    return lab.probe(tcp_probe_type(), server.target(), values, timeout);
  }
  static Value steps(std::initializer_list<Value> items) {
    return params({{"steps", list(items)}});
  }
};

Value send(std::string what) { return params({{"send", text(std::move(what))}}); }
Value expect(std::string what) { return params({{"expect", text(std::move(what))}}); }
Value ask(std::string what, std::string answer) {
  return params({{"send", text(std::move(what))}, {"expect", text(std::move(answer))}});
}
Value starttls() { return params({{"starttls", text("true")}}); }

/// Greets, then answers each line with itself.
asio::awaitable<void> parrot(test::Peer& peer) {
  co_await peer.send("* ready\r\n");
  for (;;) {
    const std::string line = co_await peer.read_until("\n");
    if (line.empty()) {
      co_return;
    }
    co_await peer.send("heard " + line);
  }
}

TEST_F(TcpDialogue, OneExchangeStandsInTheCheckItself) {
  const Outcome outcome = see(&parrot, ask("ping\n", "^heard ping$"));
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_EQ(outcome.message, "it answers as expected: heard ping");
  EXPECT_TRUE(outcome.timings[Phase::request]);
  const auto& facts = std::get<ServiceFacts>(*outcome.facts);
  EXPECT_THAT(facts.details, testing::ElementsAre(testing::Pair("answer", "heard ping")));
}

TEST_F(TcpDialogue, StepsAreTakenInTurn) {
  const Outcome outcome =
      see(&parrot, steps({expect("^\\* ready"), ask("one\n", "one"), send("two\n"), expect("two"),
                          params({{"send_hex", text("0a")}, {"expect_hex", text("68 65 61")}})}));
  EXPECT_TRUE(outcome.success()) << outcome.message;
}

TEST_F(TcpDialogue, AnotherAnswerIsAContentMismatchWithItsBeginning) {
  const Outcome outcome =
      see(test::banner("SSH-2.0-x\r\n"), steps({expect("^220"), send("QUIT\n")}), 80ms);
  EXPECT_EQ(outcome.reason, Reason::content_mismatch);
  EXPECT_EQ(outcome.phase, Phase::request);
  EXPECT_THAT(outcome.message,
              HasSubstr("step 1: the answer does not hold \"^220\": it starts with \"SSH-2.0-x"));
  EXPECT_EQ(see(test::hang_up("no\n"), expect("yes")).reason, Reason::content_mismatch);
}

TEST_F(TcpDialogue, NoAnswerIsStalledOrClosedEarly) {
  EXPECT_EQ(see(test::mute(), expect("x"), 60ms).reason, Reason::stalled);
  EXPECT_EQ(see(test::hang_up(), expect("x")).reason, Reason::closed_early);
  // The first step was met, the second one heard nothing.
  EXPECT_EQ(see(test::banner("a\n"), steps({expect("a"), ask("b", "b")}), 60ms).reason,
            Reason::stalled);
}

TEST_F(TcpDialogue, AFloodWithoutAMatchEnds) {
  const auto flood = [](test::Peer& peer) -> asio::awaitable<void> {
    bool there = true;
    while (there) {
      there = co_await peer.send(std::string(8192, 'x'));
    }
  };
  for (const Value& wanted : {expect("y"), params({{"expect_hex", text("79")}})}) {
    const Outcome outcome = see(flood, wanted);
    EXPECT_EQ(outcome.reason, Reason::content_mismatch);
    EXPECT_THAT(outcome.message, HasSubstr("64 KiB came without it"));
  }
}

TEST_F(TcpDialogue, TlsFromTheFirstByteOrAfterAStep) {
  const test::TestCa ca;
  const test::TempFile file(ca.certificate());
  const Value trust = params({{"ca_file", text(file.path())}});
  const ServerTls tls{ca.issue()};

  Value secure = ask("ping\n", "ping");
  secure.members.push_back({"security", {}, text("tls")});
  secure.members.push_back({"tls", {}, trust});
  const Outcome first = see(&parrot, secure, 4s, tls);
  EXPECT_TRUE(first.success()) << first.message;
  EXPECT_TRUE(first.tls);

  // The line that grants TLS comes in two pieces.
  const auto imap = [&](test::Peer& peer) -> asio::awaitable<void> {
    co_await peer.send("* OK\r\n");
    co_await peer.read_until("\r\n");
    co_await peer.send("a OK");
    co_await peer.pause(20ms);
    co_await peer.send(" begin\r\n");
    co_await peer.start_tls(tls);
    co_await peer.send("b safe\r\n");
    co_await peer.wait_until_closed();
  };
  Value upgraded =
      steps({expect("^\\* OK"), ask("a STARTTLS\r\n", "^a OK"), starttls(), expect("^b safe")});
  upgraded.members.push_back({"tls", {}, trust});
  const Outcome second = see(imap, upgraded);
  EXPECT_TRUE(second.success()) << second.message;
  EXPECT_TRUE(second.tls);
  upgraded.members.pop_back();
  const Outcome judged = see(imap, upgraded);
  EXPECT_EQ(judged.reason, Reason::tls_untrusted) << judged.message;
  EXPECT_EQ(judged.phase, Phase::tls);
}

TEST_F(TcpDialogue, ClearTextBeforeTheHandshakeIsRefused) {
  const Outcome outcome =
      see(test::banner("go on\r\ninjected\r\n"), steps({expect("go on"), starttls()}));
  EXPECT_EQ(outcome.reason, Reason::tls_handshake);
  EXPECT_THAT(outcome.message, HasSubstr("\"injected"));
}

TEST_F(TcpDialogue, MistakesAreNamed) {
  const auto problems = [&](const Value& values) {
    return lab.problems(tcp_probe_type(), "h:1", values);
  };
  EXPECT_THAT(problems(params({{"expect", text("(")}})), HasSubstr("expect: "));
  EXPECT_THAT(problems(params({{"send", text("x")}, {"steps", list({expect("x")})}})),
              HasSubstr("in steps or beside them, not both"));
  EXPECT_THAT(problems(steps({params({})})), HasSubstr("a step sends, expects or both"));
  EXPECT_THAT(problems(steps({params({{"sned", text("x")}})})), HasSubstr("sned"));
  EXPECT_THAT(problems(steps({starttls(), starttls()})), HasSubstr("TLS starts once"));
  Value both = steps({starttls()});
  both.members.push_back({"security", {}, text("tls")});
  EXPECT_THAT(problems(both), HasSubstr("security and a step starttls"));
  EXPECT_THAT(problems(params({{"tls", params({})}})), HasSubstr("tls has no effect"));
}

}  // namespace
}  // namespace reachd
