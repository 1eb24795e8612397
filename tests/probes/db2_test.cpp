#include "probes/db2.hpp"

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
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string number(std::size_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}
std::string parameter(std::size_t code_point, const std::string& value) {
  return number(value.size() + 4) + number(code_point) + value;
}
/// A reply DSS (DDM, "DSS") of correlation 1 with one object.
std::string reply(std::size_t code_point, const std::string& parameters) {
  const std::string object = parameter(code_point, parameters);
  return number(object.size() + 6) + "\xd0\x02" + number(1) + object;
}

/// EXCSATRD (DDM) as DB2 11.5 on Linux says it, in CCSID 500.
const std::string kDb2 = reply(
    0x1443,
    parameter(0x115e, from_hex("84 82 f2 a2 a8 a2 83 40 40")) +                        // db2sysc
        parameter(0x1404, from_hex("14 03 00 07 24 07 00 07 14 74 00 05")) +           // levels
        parameter(0x1147, from_hex("d8 c4 c2 f2 61 d3 c9 d5 e4 e7 e7 f8 f6 f6 f4")) +  // QDB2/...
        parameter(0x116d, from_hex("84 82 f2 89 95 a2 a3 f1")) +                       // db2inst1
        parameter(0x115a, from_hex("e2 d8 d3 f1 f1 f0 f5 f5")));                       // SQL11055
/// What Apache Derby answers to what it does not understand (Nmap's service probes, "drda").
const std::string kDerby =
    from_hex("00 1b d0 02 00 01 00 15 12 4c 00 06 11 49 00 08 00 06 00 0c 00 00 00 05 11 4a 03");

/// Answers one request; `said` is what came.
test::Script server(std::string answer, std::string& said) {
  return [answer, &said](test::Peer& peer) -> test::asio::awaitable<void> {
    said = co_await peer.read(2);
    const std::size_t more = said.size() < 2 ? 0 : static_cast<unsigned char>(said[1]) - 2U;
    const std::string rest = co_await peer.read(more);
    said += rest;
    co_await peer.send(answer);
    co_await peer.wait_until_closed();
  };
}

class Db2Probe : public testing::Test {
 protected:
  test::NetLab lab;
  std::string said;

  Outcome see(test::Script script, Duration timeout = 4s) {
    LoopbackServer listening(lab.context, std::move(script));
    return lab.probe(db2_probe_type(), listening.target(), {}, timeout);
  }
};

TEST(Drda, TheRequestExchangesAttributes) {
  const std::string who = from_hex("99 85 81 83 88 84");  // "reachd"
  const std::string parameters =
      parameter(0x115e, who) + parameter(0x116d, who) + parameter(0x115a, who) +
      parameter(0x1404, from_hex("14 03 00 07 24 07 00 07 24 0f 00 07 14 40 00 07 14 74 00 05")) +
      parameter(0x1147, who);
  const std::string object = parameter(0x1041, parameters);
  EXPECT_EQ(as_text(drda::build_excsat()),
            number(object.size() + 6) + "\xd0\x01" + number(1) + object);
}

TEST(Drda, RepliesAreFramedFromTheirFirstBytes) {
  for (std::size_t size = 1; size < kDb2.size(); ++size) {
    ASSERT_EQ(drda::frame_reply(bytes(kDb2).first(size)), net::Framing(std::nullopt));
  }
  EXPECT_EQ(drda::frame_reply(bytes(kDb2 + "x")), net::Framing(kDb2.size()));
  for (const char* other :
       {"53 53 48", "00 1b d1", "00 1b d0 01", "00 09 d0 02 00 01", "ff ff d0 02 00 01"}) {
    EXPECT_FALSE(drda::frame_reply(bytes(from_hex(other)))) << other;
  }
}

TEST(Drda, AttributesAreReadFromEbcdicAndAscii) {
  const auto db2 = drda::parse_reply(bytes(kDb2));
  ASSERT_TRUE(db2);
  EXPECT_TRUE(drda::is_answer(*db2));
  EXPECT_EQ(db2->server_class, "QDB2/LINUXX8664");
  EXPECT_EQ(db2->server, "db2inst1");
  EXPECT_EQ(db2->release, "SQL11055");
  EXPECT_EQ(db2->name, "db2sysc");
  const auto ascii = drda::parse_reply(bytes(reply(0x1443, parameter(0x1147, "IDS/UNIX64\x1b\t"))));
  ASSERT_TRUE(ascii);
  EXPECT_EQ(ascii->server_class, "IDS/UNIX64");
  EXPECT_EQ(drda::release_number("SQL11055"), "11.5.5");
  EXPECT_EQ(drda::release_number("SQL09070"), "9.7.0");
  EXPECT_EQ(drda::release_number("CSS10140/10.14"), "");
  EXPECT_EQ(drda::release_number(""), "");
}

TEST(Drda, HostileLengthsAreRefused) {
  for (std::size_t size = 0; size < kDb2.size(); ++size) {
    EXPECT_FALSE(drda::parse_reply(bytes(kDb2).first(size))) << size;
  }
  EXPECT_FALSE(drda::parse_reply(bytes(reply(0x1443, from_hex("00 03 11 5e")))));
  EXPECT_FALSE(drda::parse_reply(bytes(reply(0x1443, from_hex("ff ff 11 5e 00")))));
  EXPECT_TRUE(drda::parse_reply(bytes(reply(0x1443, std::string(4000, '\x04')))) == std::nullopt);
  const auto longest =
      drda::parse_reply(bytes(reply(0x1443, parameter(0x115e, std::string(9000, '\xf1')))));
  ASSERT_TRUE(longest);
  EXPECT_EQ(longest->name, std::string(64, '1'));
}

TEST_F(Db2Probe, AnAnswerIsUpWithItsFacts) {
  const Outcome outcome = see(server(kDb2, said));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(outcome.message, "DRDA server QDB2/LINUXX8664, release SQL11055");
  EXPECT_THAT(
      std::get<ServiceFacts>(*outcome.facts).details,
      ElementsAre(Pair("class", "QDB2/LINUXX8664"), Pair("server", "db2inst1"),
                  Pair("release", "SQL11055"), Pair("version", "11.5.5"), Pair("name", "db2sysc")));
  EXPECT_EQ(said, as_text(drda::build_excsat()));
}

TEST_F(Db2Probe, ARefusalOfTheProtocolIsDegraded) {
  const Outcome outcome = see(server(kDerby, said));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_TRUE(outcome.degraded);
  EXPECT_EQ(outcome.message, "the DRDA server turns us away with SYNTAXRM");
  EXPECT_THAT(see(server(reply(0x12ab, ""), said)).message, HasSubstr("0x12ab"));
}

TEST_F(Db2Probe, OtherServersAreNone) {
  EXPECT_EQ(see(server("-ERR unknown command\r\n", said)).reason, Reason::protocol_mismatch);
  EXPECT_EQ(see(server(from_hex("00 0a d0 02 00 01 00 ff 14 43"), said)).reason,
            Reason::protocol_mismatch);
  EXPECT_EQ(see(server(kDb2.substr(0, 20), said), 100ms).reason, Reason::stalled);
  const auto close = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read(drda::build_excsat().size());
  };
  EXPECT_EQ(see(close).reason, Reason::closed_early);
}

}  // namespace
}  // namespace reachd
