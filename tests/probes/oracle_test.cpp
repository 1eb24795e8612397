#include "probes/oracle.hpp"

#include <gmock/gmock.h>

#include "probes/core/bytes.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/octets.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::from_hex;
using test::LoopbackServer;
using test::params;
using test::text;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using tns::Kind;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// A packet in the form of Wireshark's packet-tns.c: length, checksum, type, flags, checksum.
std::string packet(Kind kind, const std::string& body) {
  const std::size_t size = 8 + body.size();
  return std::string{static_cast<char>(size >> 8),
                     static_cast<char>(size),
                     0,
                     0,
                     static_cast<char>(kind),
                     0,
                     0,
                     0} +
         body;
}
/// Reasons of user and system, length, text.
std::string refusal(const std::string& words) {
  return packet(Kind::refuse, std::string{'"', 0, static_cast<char>(words.size() >> 8),
                                          static_cast<char>(words.size())} +
                                  words);
}
/// What a listener of release 11.2 answers to the ping of tnsping.
const std::string kPong = refusal("(DESCRIPTION=(TMP=)(VSNNUM=186647552)(ERR=0)(ALIAS=LISTENER))");
/// Of a listener that does not know the service (form of Nmap's service probes for oracle-tns).
const std::string kUnknown = refusal(
    "(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=12514)(ERROR_STACK=(ERROR=(CODE=12514)(EMFI=4))))");
/// Version 314, options, sizes, byte order, no data.
const std::string kAccept =
    packet(Kind::accept, from_hex("01 3a 00 00 08 00 7f ff 01 00 00 00 00 18 41 41 00 00 00 00"));

/// Answers each connect packet with the next answer; `said` is what came.
test::Script listener(std::vector<std::string> answers, std::vector<std::string>& said) {
  return [=, &said](test::Peer& peer) -> test::asio::awaitable<void> {
    for (const std::string& answer : answers) {
      const std::string header = co_await peer.read(8);
      const std::size_t more = header.size() < 8 ? 0 : static_cast<unsigned char>(header[1]) - 8U;
      const std::string rest = co_await peer.read(more);
      said.push_back(header + rest);
      co_await peer.send(answer);
    }
    const std::string rest = co_await peer.read_until("");
    said.push_back(rest);
  };
}

class OracleProbe : public testing::Test {
 protected:
  test::NetLab lab;
  std::vector<std::string> said;

  Outcome see(test::Script script, const Value& values = {}, Duration timeout = 4s) {
    said.clear();
    LoopbackServer listening(lab.context, std::move(script));
    return lab.probe(oracle_probe_type(), listening.target(), values, timeout);
  }
  Outcome see_service(const std::string& answer) {
    return see(listener({answer}, said), params({{"service", text("sales.example.com")}}));
  }
  void wait_for(std::size_t count) {
    lab.context.restart();
    while (said.size() < count && lab.context.run_one_for(5s) > 0) {
    }
  }
};

const ServiceFacts& facts(const Outcome& outcome) { return std::get<ServiceFacts>(*outcome.facts); }

TEST(Tns, TheConnectPacketNamesWhereItsDataIs) {
  const auto connect = tns::build_connect("(COMMAND=ping)");
  const std::string data = "(DESCRIPTION=(CONNECT_DATA=(COMMAND=ping)))";
  EXPECT_EQ(as_text(connect),
            from_hex("00 65 00 00 01 00 00 00 01 36 01 2c 00 00 08 00 7f ff 7f 08 00 00 00 01"
                     "00 2b 00 3a") +
                std::string(30, '\0') + data);
}

TEST(Tns, PacketsAreFramedFromTheirFirstBytes) {
  for (std::size_t size = 1; size < kPong.size(); ++size) {
    ASSERT_EQ(tns::frame_packet(bytes(kPong).first(size)), net::Framing(std::nullopt));
  }
  EXPECT_EQ(tns::frame_packet(bytes(kPong + "x")), net::Framing(kPong.size()));
  for (const char* other : {"53 53 48 2d", "00 07 00 00 04", "ff ff", "00 20 00 00 01",
                            "00 20 01 00", "15 03 03 00 02 02 28" /* an alert of TLS */}) {
    EXPECT_FALSE(tns::frame_packet(bytes(from_hex(other)))) << other;
  }
}

TEST(Tns, AnswersAreRead) {
  const auto pong = tns::parse_answer(bytes(kPong));
  EXPECT_EQ(pong.kind, Kind::refuse);
  EXPECT_EQ(pong.error, 0U);
  EXPECT_EQ(pong.version, "11.2.0.4.0");
  EXPECT_EQ(pong.listener, "LISTENER");
  const auto unknown = tns::parse_answer(bytes(kUnknown));
  EXPECT_EQ(unknown.error, 12514U);
  EXPECT_EQ(unknown.version, "19.0.0.0.0");
  const auto redirect = tns::parse_answer(
      bytes(packet(Kind::redirect, std::string("\0\x20", 2) + "(ADDRESS=(HOST=\x01))")));
  EXPECT_EQ(redirect.address, "(ADDRESS=(HOST=?))");
}

TEST(Tns, OddNumbersAreNone) {
  for (const char* words : {"(ERR=)", "(ERR=12514", "(ERR=x)", "(ERR=99999999999999)(VSNNUM=-1)",
                            "(ERR=1 )", "(VSNNUM=", ""}) {
    const auto answer = tns::parse_answer(bytes(refusal(words)));
    EXPECT_EQ(answer.error, std::string_view(words) == "(ERR=12514" ? 12514U : 0U) << words;
    EXPECT_EQ(answer.version, "");
  }
  EXPECT_EQ(tns::parse_answer(bytes(refusal("(ALIAS=" + std::string(999, 'a')))).listener.size(),
            64U);
}

TEST_F(OracleProbe, APingIsAnswered) {
  const Outcome outcome = see(listener({kPong}, said));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(outcome.message, "Oracle Net listener 11.2.0.4.0");
  EXPECT_THAT(facts(outcome).details,
              ElementsAre(Pair("answer", "refuse"), Pair("version", "11.2.0.4.0"),
                          Pair("listener", "LISTENER")));
  EXPECT_THAT(said.at(0), HasSubstr("(COMMAND=ping)"));
}

TEST_F(OracleProbe, ARefusedPingProvesTheListenerAndIsTold) {
  const Outcome outcome = see(listener({refusal("(DESCRIPTION=(ERR=12504))")}, said));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(outcome.message,
            "Oracle Net listener refuses: ORA-12504 (the listener wants a service name)");
}

TEST_F(OracleProbe, AServiceThatIsUnknownIsNotThere) {
  const Outcome outcome = see_service(kUnknown);
  EXPECT_EQ(outcome.reason, Reason::content_mismatch);
  EXPECT_EQ(outcome.message,
            "the listener refused the service sales.example.com: ORA-12514 (the listener does not "
            "know the service)");
  EXPECT_THAT(said.at(0), HasSubstr("(CONNECT_DATA=(SERVICE_NAME=sales.example.com)(CID="));
  wait_for(2);
  const Outcome sid =
      see(listener({refusal("(ERR=12505)")}, said), params({{"sid", text("ORCL")}}));
  EXPECT_EQ(sid.reason, Reason::content_mismatch);
  EXPECT_THAT(said.at(0), HasSubstr("(SID=ORCL)"));
}

TEST_F(OracleProbe, AServiceThatIsKnownButBusyIsDegraded) {
  const Outcome outcome = see_service(refusal("(DESCRIPTION=(ERR=12528))"));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_TRUE(outcome.degraded);
  EXPECT_THAT(outcome.message, HasSubstr("ORA-12528"));
}

TEST_F(OracleProbe, AResendIsObeyedAndAnAcceptIsLeftCleanly) {
  const Outcome outcome = see(listener({packet(Kind::resend, ""), kAccept}, said),
                              params({{"service", text("sales")}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(outcome.message, "Oracle Net listener accepts");
  wait_for(3);
  EXPECT_EQ(said.at(1), said.at(0));
  EXPECT_EQ(said.at(2), packet(Kind::data, std::string("\0\x40", 2)));
}

TEST_F(OracleProbe, ResendsForEverEnd) {
  const Outcome outcome =
      see(listener(std::vector<std::string>(9, packet(Kind::resend, "")), said));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_THAT(outcome.message, HasSubstr("answers with resend"));
}

TEST_F(OracleProbe, ARedirectIsToldAndNotFollowed) {
  const std::string to = "(ADDRESS=(PROTOCOL=TCP)(HOST=10.0.0.1)(PORT=1522))";
  const Outcome outcome = see_service(packet(Kind::redirect, std::string("\0\x32", 2) + to));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(outcome.message, "Oracle Net listener redirects to " + to);
}

TEST_F(OracleProbe, OtherServersAreNone) {
  EXPECT_EQ(see(listener({"-ERR unknown command\r\n"}, said)).reason, Reason::protocol_mismatch);
  EXPECT_EQ(see(listener({kPong.substr(0, 30)}, said), {}, 100ms).reason, Reason::stalled);
  const auto close = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read(0x65);
  };
  EXPECT_EQ(see(close).reason, Reason::closed_early);
}

TEST_F(OracleProbe, NamesThatWouldChangeTheDescriptorAreMistakes) {
  for (const char* name : {"a)(COMMAND=stop", "a b", "a=b", "a\nb"}) {
    EXPECT_THAT(lab.problems(oracle_probe_type(), "h", params({{"service", text(name)}})),
                HasSubstr("service is a name"));
  }
  EXPECT_THAT(
      lab.problems(oracle_probe_type(), "h", params({{"service", text("a")}, {"sid", text("b")}})),
      HasSubstr("not both"));
}

}  // namespace
}  // namespace reachd
