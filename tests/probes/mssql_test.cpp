#include "probes/mssql.hpp"

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

/// [MS-TDS] 4.1, "Pre-Login Request".
const std::string kSpecRequest = from_hex(
    "12 01 00 2f 00 00 01 00 00 00 1a 00 06 01 00 20 00 01 02 00 21 00 01 03 00 22 00 04 04 00 26 "
    "00"
    "01 ff 09 00 00 00 00 00 01 00 b8 0d 00 00 01");
/// What SQL Server 2008 SP1 answers to it (a published capture).
const std::string kSql2008 = from_hex(
    "04 01 00 2b 00 00 01 00 00 00 1a 00 06 01 00 20 00 01 02 00 21 00 01 03 00 22 00 00 04 00 22 "
    "00"
    "01 ff 0a 00 09 e3 00 00 01 00 01");
/// [MS-TDS] 2.2.7.10: an ERROR token in a packet of its own: 18456, state 1, class 14, "No".
const std::string kError =
    from_hex("04 01 00 19 00 00 01 00 aa 0e 00 18 48 00 00 01 0e 02 00 4e 00 6f 00 00 00");

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// Answers one pre-login; `said` is what came.
test::Script server(std::string answer, std::string& said) {
  return [answer, &said](test::Peer& peer) -> test::asio::awaitable<void> {
    said = co_await peer.read(8);
    const std::size_t more = said.size() < 4 ? 0 : static_cast<unsigned char>(said[3]) - 8U;
    const std::string rest = co_await peer.read(more);
    said += rest;
    co_await peer.send(answer);
    co_await peer.wait_until_closed();
  };
}

class MssqlProbe : public testing::Test {
 protected:
  test::NetLab lab;
  std::string said;

  Outcome see(test::Script script, const Value& values = {}, Duration timeout = 4s) {
    LoopbackServer listening(lab.context, std::move(script));
    return lab.probe(mssql_probe_type(), listening.target(), values, timeout);
  }
};

const ServiceFacts& facts(const Outcome& outcome) { return std::get<ServiceFacts>(*outcome.facts); }

TEST(Tds, ThePreLoginIsThatOfTheSpecification) {
  std::string expected = kSpecRequest;
  // Of the example, encryption is on here, the thread and MARS are its own.
  expected.replace(40, 7, std::string(7, '\0'));
  EXPECT_EQ(as_text(tds::build_prelogin("")), expected);
  const auto named = tds::build_prelogin("SALES");
  EXPECT_THAT(std::string(as_text(named)), HasSubstr(std::string("\0SALES\0", 7)));
  EXPECT_EQ(named.size(), kSpecRequest.size() + 5);
  EXPECT_EQ(std::to_integer<std::size_t>(named[3]), named.size());
}

TEST(Tds, AnswersAreFramedFromTheirFirstBytes) {
  for (std::size_t size = 1; size < kSql2008.size(); ++size) {
    ASSERT_EQ(tds::frame_answer(bytes(kSql2008).first(size)), net::Framing(std::nullopt));
  }
  EXPECT_EQ(tds::frame_answer(bytes(kSql2008 + "x")), net::Framing(kSql2008.size()));
  for (const std::string& other :
       {std::string("S"), std::string("\x04\0", 2), std::string("\x04\xff"), kSpecRequest,
        from_hex("04 01 00 08 00 00 01 00"), from_hex("04 01 ff ff 00 00 01 00")}) {
    EXPECT_FALSE(tds::frame_answer(bytes(other)));
  }
}

TEST(Tds, AnswersAreRead) {
  const auto answer = tds::parse_answer(bytes(kSql2008));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->version, "10.0.2531.0");
  EXPECT_EQ(answer->product, "SQL Server 2008");
  EXPECT_EQ(answer->encryption, 1);
  EXPECT_FALSE(answer->other_instance);
  const auto error = tds::parse_answer(bytes(kError));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->refusal, "18456 \"No\"");
}

TEST(Tds, OptionsBeyondThePacketAreRefused) {
  for (std::size_t size = 0; size < kSql2008.size(); ++size) {
    EXPECT_FALSE(tds::parse_answer(bytes(kSql2008).first(size))) << size;
  }
  std::string garbled = kSql2008;
  garbled[9] = '\xff';
  EXPECT_FALSE(tds::parse_answer(bytes(garbled)));
  std::string endless = kSql2008.substr(0, 13);
  for (int i = 0; i < 100; ++i) {
    endless += std::string("\x05\0\0\0\0", 5);
  }
  EXPECT_TRUE(tds::parse_answer(bytes(endless)));
}

TEST_F(MssqlProbe, AnAnswerIsUpWithItsFacts) {
  const Outcome outcome = see(server(kSql2008, said));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(outcome.message, "SQL Server 2008, version 10.0.2531.0");
  EXPECT_THAT(facts(outcome).details,
              ElementsAre(Pair("version", "10.0.2531.0"), Pair("product", "SQL Server 2008"),
                          Pair("encryption", "on")));
  EXPECT_EQ(said, as_text(tds::build_prelogin("")));
}

TEST_F(MssqlProbe, AnotherInstanceIsToldFromTheOneThatWasAskedFor) {
  std::string other = kSql2008;
  other[41] = '\1';
  const Value values = params({{"instance", text("SALES")}});
  EXPECT_EQ(see(server(kSql2008, said), values).reason, Reason::ok);
  const Outcome outcome = see(server(other, said), values);
  EXPECT_EQ(outcome.reason, Reason::content_mismatch);
  EXPECT_THAT(outcome.message, HasSubstr("SALES"));
}

TEST_F(MssqlProbe, AnErrorOfItsOwnIsDegraded) {
  const Outcome outcome = see(server(kError, said));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_TRUE(outcome.degraded);
  EXPECT_THAT(outcome.message, HasSubstr("18456 \"No\""));
}

TEST_F(MssqlProbe, Tds8IsTlsFromTheFirstByte) {
  const test::TestCa ca;
  const test::TempFile ca_file(ca.certificate());
  test::ServerTls tls{ca.issue()};
  tls.alpn = "tds/8.0";
  LoopbackServer listening(lab.context, server(kSql2008, said), tls);
  const Value values =
      params({{"security", text("tls")}, {"tls", params({{"ca_file", text(ca_file.path())}})}});
  const Outcome outcome = lab.probe(mssql_probe_type(), listening.target(), values);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(outcome.tls->alpn, "tds/8.0");
  EXPECT_THAT(lab.problems(mssql_probe_type(), "h", params({{"security", text("starttls")}})),
              HasSubstr("security is one of"));
}

TEST_F(MssqlProbe, OtherServersAreNone) {
  EXPECT_EQ(see(server("-ERR unknown command\r\n", said)).reason, Reason::protocol_mismatch);
  EXPECT_EQ(see(server(from_hex("04 01 00 0a 00 00 01 00 ff ff"), said)).reason,
            Reason::protocol_mismatch);
  const auto close = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read(kSpecRequest.size());
  };
  const Outcome closed = see(close);
  EXPECT_EQ(closed.reason, Reason::closed_early);
  EXPECT_THAT(closed.message, HasSubstr("(TDS 8) does so: security: tls"));
  EXPECT_EQ(see(server(kSql2008.substr(0, 20), said), {}, 100ms).reason, Reason::stalled);
}

}  // namespace
}  // namespace reachd
