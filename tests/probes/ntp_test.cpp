#include "probes/ntp.hpp"

#include <gmock/gmock.h>

#include "probes/core/bytes.hpp"
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

constexpr ntp::Timestamp kEraEnd = 0xffffffff'00000000;  // a second before 2036-02-07T06:28:16Z

std::span<const std::byte> raw(std::string_view bytes) { return std::as_bytes(std::span(bytes)); }

// ---- the packets --------------------------------------------------------------------------------

/// What chronyd 4.3 with `local stratum 5` answered to the transmit timestamp 0123456789abcdef.
const std::string kChrony{
    "\x24\x05\x00\xe7\x00\x00\x00\x00\x00\x00\x00\x00\x7f\x7f\x01\x01"
    "\xee\xad\x21\xe9\x40\x1d\x8b\xbd\x01\x23\x45\x67\x89\xab\xcd\xef"
    "\xee\xad\x21\xeb\x20\x06\x82\x47\xee\xad\x21\xeb\x20\x0a\xcf\xfa",
    48};

TEST(NtpPacket, TellsNothingOfThisHost) {
  const auto packet = ntp::build_request(0x0123456789abcdef);
  std::string expected("\x23", 1);  // no warning, version 4, mode 3
  expected.resize(40, '\0');
  expected += "\x01\x23\x45\x67\x89\xab\xcd\xef";
  EXPECT_EQ(as_text(packet), expected);
}

TEST(NtpPacket, ReadsWhatChronyAnswers) {
  const auto reply = ntp::parse_reply(raw(kChrony));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->version, 4u);
  EXPECT_EQ(reply->leap, 0u);
  EXPECT_EQ(reply->stratum, 5u);
  EXPECT_EQ(reply->reference_id, "127.127.1.1");
  EXPECT_EQ(reply->origin, 0x0123456789abcdefu);
  // 2026-11-22T08:10:19.125...Z, and 66 microseconds later
  EXPECT_EQ(reply->received >> 32U, 0xeead21ebu);
  EXPECT_EQ(ntp::difference(reply->transmitted, reply->received) / 1us, 65);
}

TEST(NtpPacket, ReadsTheShortFormatAndTheWordsOfAClock) {
  std::string packet = kChrony;
  packet[1] = 1;
  packet.replace(4, 8, std::string("\x00\x01\x80\x00\xff\xff\xff\xff", 8));
  packet.replace(12, 4, std::string("GP\x01\0", 4));
  const auto reply = ntp::parse_reply(raw(packet)).value();
  EXPECT_EQ(reply.root_delay, 1500ms);
  EXPECT_EQ(reply.root_dispersion / 1s, 65535);
  EXPECT_EQ(reply.reference_id, "GP?");
}

TEST(NtpPacket, RefusesWhatIsNoServersPacket) {
  for (std::size_t size = 0; size < kChrony.size(); ++size) {
    EXPECT_FALSE(ntp::parse_reply(raw(kChrony.substr(0, size)))) << size;
  }
  for (const char first : {'\x23', '\x25', '\x2c', '\x04', '\x26'}) {
    std::string packet =
        kChrony;  // of a client, a broadcast, version 5, version 0, a control message
    packet[0] = first;
    EXPECT_FALSE(ntp::parse_reply(raw(packet))) << int{first};
  }
  std::string reserved = kChrony;
  reserved[1] = 17;
  EXPECT_FALSE(ntp::parse_reply(raw(reserved)));
  EXPECT_TRUE(ntp::parse_reply(raw(kChrony + std::string(20, 'm')))) << "with a MAC behind it";
}

TEST(NtpPacket, CountsSecondsSince1900) {
  // RFC 5905, figure 4: the first day of UNIX, 2,208,988,800 seconds.
  EXPECT_EQ(ntp::timestamp_of(WallTime{}), 2'208'988'800ULL << 32U);
  EXPECT_EQ(ntp::timestamp_of(WallTime{500ms}), (2'208'988'800ULL << 32U) + 0x80000000u);
  EXPECT_EQ(ntp::timestamp_of(WallTime{-1s}), 2'208'988'799ULL << 32U);
}

TEST(NtpPacket, ComparesAcrossTheEndOfAnEra) {
  EXPECT_EQ(ntp::difference(0x00000001'80000000, kEraEnd), 2500ms);
  EXPECT_EQ(ntp::difference(kEraEnd, 0x00000001'80000000), -2500ms);
  EXPECT_EQ(ntp::difference(kEraEnd, kEraEnd), 0s);
  // As WallTime counts on, the timestamp wraps (RFC 5905, figure 4: era 1 begins 2036-02-07).
  const WallTime first_of_era_1{4'294'967'296s - 2'208'988'800s};
  EXPECT_EQ(ntp::timestamp_of(first_of_era_1), 0u);
  EXPECT_EQ(ntp::difference(ntp::timestamp_of(first_of_era_1 + 250ms),
                            ntp::timestamp_of(first_of_era_1 - 250ms)),
            500ms);
}

TEST(NtpPacket, TakesHalfOfTheWayOffTheClock) {
  ntp::Reply reply;
  const auto at = [](Duration time) { return ntp::timestamp_of(WallTime{1000s + time}); };
  reply.received = at(10s + 30ms);     // 30 ms there
  reply.transmitted = at(10s + 40ms);  // 10 ms held, 10 ms back
  EXPECT_NEAR(static_cast<double>((ntp::offset(reply, at(0s), 50ms) - 10s) / 1us), 10'000, 1);
  reply.received = reply.transmitted = 1ULL << 63U;
  EXPECT_NE(ntp::offset(reply, 0, 1h), 0s) << "the furthest away that there is";
}

// ---- the exchange -------------------------------------------------------------------------------

/// A server's packet that answers `asked`, its clock `ahead` of ours.
std::string answer(const std::string& asked, Duration ahead = 0s, unsigned stratum = 2,
                   std::string_view reference = "\x0a\x01\x02\x03") {
  ByteWriter packet(ntp::kPacket);
  const ntp::Timestamp now = ntp::timestamp_of(system_clock().wall_now() + ahead);
  packet.u8(4U << 3U | 4U);
  packet.u8(static_cast<std::uint8_t>(stratum));
  packet.u16(0);
  packet.u64(0x00000010'00000010);
  packet.text(reference);
  packet.u64(now);
  packet.text(std::string_view(asked).substr(40));
  packet.u64(now);
  packet.u64(now);
  return std::string(as_text(packet.data()));
}

class NtpProbe : public testing::Test {
 protected:
  Outcome see(UdpServer::Script script, const Value& values = {}, Duration timeout = 4s) {
    UdpServer server(lab.context, std::move(script));
    return lab.probe(ntp_probe_type(), server.target(), values, timeout);
  }
  static const ServiceFacts& facts(const Outcome& outcome) {
    return std::get<ServiceFacts>(*outcome.facts);
  }
  static std::string fact(const Outcome& outcome, std::string_view key) {
    for (const auto& [name, value] : facts(outcome).details) {
      if (name == key) {
        return value;
      }
    }
    return "none";
  }

  test::NetLab lab;
};

TEST_F(NtpProbe, TellsTheServersClockAndWhereItHasItFrom) {
  const Outcome outcome =
      see([](const std::string& asked) { return Replies{answer(asked, 90min)}; });
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_THAT(outcome.message, HasSubstr("stratum 2"));
  EXPECT_EQ(fact(outcome, "version"), "4");
  EXPECT_EQ(fact(outcome, "stratum"), "2");
  EXPECT_EQ(fact(outcome, "leap"), "none");
  EXPECT_EQ(fact(outcome, "reference_id"), "10.1.2.3");
  EXPECT_EQ(fact(outcome, "root_delay"), "0.000244 s");
  ASSERT_TRUE(facts(outcome).clock_offset);
  EXPECT_LT(std::chrono::abs(*facts(outcome).clock_offset - 90min), 5s);
}

TEST_F(NtpProbe, AKissCodeIsUpAndDegraded) {
  const auto kiss = [this](std::string code) {
    return see([code](const std::string& asked) { return Replies{answer(asked, 0s, 0, code)}; });
  };
  const Outcome rate = kiss("RATE");
  EXPECT_TRUE(rate.success());
  EXPECT_TRUE(rate.degraded);
  EXPECT_THAT(rate.message, HasSubstr("too often"));
  EXPECT_FALSE(facts(rate).clock_offset);
  EXPECT_EQ(fact(rate, "reference_id"), "RATE");
  EXPECT_THAT(kiss("DENY").message, HasSubstr("does not serve this host"));
  EXPECT_THAT(kiss(std::string(4, '\0')).message, HasSubstr("zeros"));
}

TEST_F(NtpProbe, AnUnsynchronisedServerIsDegraded) {
  const Outcome stratum =
      see([](const std::string& asked) { return Replies{answer(asked, 0s, 16)}; });
  EXPECT_TRUE(stratum.success());
  EXPECT_TRUE(stratum.degraded);
  const Outcome leap = see([](const std::string& asked) {
    std::string reply = answer(asked);
    reply[0] = static_cast<char>(reply[0] | 0xc0);
    return Replies{reply};
  });
  EXPECT_TRUE(leap.degraded);
  EXPECT_EQ(fact(leap, "leap"), "unsynchronised");
  const Outcome timeless = see([](const std::string& asked) {
    std::string reply = answer(asked);
    reply.replace(40, 8, 8, '\0');
    return Replies{reply};
  });
  EXPECT_TRUE(timeless.degraded);
  EXPECT_FALSE(facts(timeless).clock_offset);
}

TEST_F(NtpProbe, JudgesStratumAndOffsetWhereToldTo) {
  const auto third = [](const std::string& asked) { return Replies{answer(asked, 1min, 3)}; };
  const auto with = [](const char* key, const char* value) { return params({{key, text(value)}}); };
  EXPECT_EQ(see(third, with("max_stratum", "3")).reason, Reason::ok);
  const Outcome distant = see(third, with("max_stratum", "2"));
  EXPECT_EQ(distant.reason, Reason::content_mismatch);
  EXPECT_EQ(fact(distant, "stratum"), "3") << "the facts of a bad answer are kept";
  EXPECT_EQ(see(third, with("max_offset", "2m")).reason, Reason::ok);
  EXPECT_EQ(see(third, with("max_offset", "30s")).reason, Reason::content_mismatch);
  const auto late = [](const std::string& asked) { return Replies{answer(asked, -1min, 16)}; };
  EXPECT_EQ(see(late, with("max_offset", "30s")).reason, Reason::content_mismatch);
  EXPECT_THAT(see(late, with("max_stratum", "15")).message, HasSubstr("not synchronised"));
}

TEST_F(NtpProbe, EachTransmissionHasItsOwnTimestampAndAnyMayBeAnswered) {
  std::vector<std::string> asked;
  const Outcome outcome = see(
      [&](const std::string& datagram) {
        asked.push_back(datagram);
        return asked.size() < 2 ? Replies{} : Replies{answer(asked.front())};
      },
      {}, 2s);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_NE(asked[0], asked[1]);
  // The first was answered half a second late: that is the way, half of which is in the offset.
  EXPECT_LT(*facts(outcome).clock_offset, 500ms);
  EXPECT_GT(*facts(outcome).clock_offset, 200ms);
}

TEST_F(NtpProbe, AnAnswerToAnotherQuestionIsPassedOver) {
  const auto forged = [](const std::string& asked) {
    std::string reply = answer(asked);
    reply[24] ^= 1;
    return reply;
  };
  const Outcome only =
      see([&](const std::string& asked) { return Replies{forged(asked)}; }, {}, 300ms);
  EXPECT_EQ(only.reason, Reason::protocol_mismatch) << only.message;
  const Outcome both =
      see([&](const std::string& asked) { return Replies{forged(asked), answer(asked)}; });
  EXPECT_EQ(both.reason, Reason::ok) << both.message;
}

TEST_F(NtpProbe, AnEchoIsNoTimeServer) {
  const Outcome outcome = see([](const std::string& asked) { return Replies{asked}; }, {}, 300ms);
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch);
  EXPECT_THAT(outcome.message, HasSubstr("does not speak NTP"));
}

TEST_F(NtpProbe, SilenceIsAFailure) {
  const Outcome outcome = see([](const std::string&) { return Replies{}; }, {}, 300ms);
  EXPECT_EQ(outcome.reason, Reason::no_reply);
  EXPECT_TRUE(outcome.reply_owed);
}

TEST_F(NtpProbe, RefusesLimitsThatMakeNoSense) {
  EXPECT_NE(lab.problems(ntp_probe_type(), "127.0.0.1",
                         params({{"max_stratum", text("16")}, {"max_offset", text("0s")}})),
            "");
}

}  // namespace
}  // namespace reachd
