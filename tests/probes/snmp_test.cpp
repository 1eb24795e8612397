#include "probes/snmp.hpp"

#include <gmock/gmock.h>

#include "probes/core/bytes.hpp"
#include "probes/core/send_expect.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/udp_server.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using snmp::Version;
using test::params;
using test::text;
using test::UdpServer;
using testing::HasSubstr;
using testing::Not;
using Replies = std::vector<std::string>;

constexpr std::uint32_t kId = 0x1234;

std::string hex(std::string_view digits) { return std::string(as_text(parse_hex(digits).value())); }
std::span<const std::byte> raw(std::string_view bytes) { return std::as_bytes(std::span(bytes)); }

// Captured on loopback: snmpd of Net-SNMP 5.9.3 with "rocommunity lab-community", asked by a few
// lines of Python that put the messages of RFC 3412, 6 and RFC 3416, 3 together; all ids 0x1234.
const std::string kDiscovery =
    hex("3039020103300e02021234020210000401040201030410300e0400020100020100040004000400301204000400"
        "a00c020212340201000201003000");
const std::string kReport =
    hex("306d020103300f02021234020300ffe30401000201030421301f041180001f88803d85395261ac026b00000000"
        "0201010201020400040004003034041180001f88803d85395261ac026b000000000400a81d0202123402010002"
        "01003011300f060a2b060106030f01010400410101");
const std::string kGet =
    hex("302e020101040d6c61622d636f6d6d756e697479a01a02021234020100020100300e300c06082b060102010103"
        "000500");
const std::string kResponse =
    hex("3030020101040d6c61622d636f6d6d756e697479a21c020212340201000201003010300e06082b060102010103"
        "00430200d3");

// ---- the messages -------------------------------------------------------------------------------

TEST(SnmpMessage, AsksForTheEngine) { EXPECT_EQ(as_text(snmp::build_discovery(kId)), kDiscovery); }

TEST(SnmpMessage, ReadsAReport) {
  const auto engine = snmp::parse_report(raw(kReport), kId);
  ASSERT_TRUE(engine);
  EXPECT_EQ(as_text(engine->id), hex("80001f88803d85395261ac026b00000000"));
  EXPECT_EQ(engine->boots, 1);
  EXPECT_EQ(engine->time, 2);
  EXPECT_EQ(engine->report, "usmStatsUnknownEngineIDs");
}

TEST(SnmpMessage, AnotherReportIsOneToo) {
  std::string report = kReport;
  report[report.size() - 5] = 3;
  EXPECT_EQ(snmp::parse_report(raw(report), kId)->report, "usmStatsUnknownUserNames");
  report[report.size() - 5] = 99;
  EXPECT_EQ(snmp::parse_report(raw(report), kId)->report, "another report");
}

TEST(SnmpMessage, AsksForTheUpTime) {
  EXPECT_EQ(as_text(snmp::build_get(Version::v2c, "lab-community", kId)), kGet);
  std::string first = kGet;
  first[4] = 0;
  EXPECT_EQ(as_text(snmp::build_get(Version::v1, "lab-community", kId)), first);
  EXPECT_GT(snmp::build_get(Version::v1, std::string(255, 'c'), 0x7fffffff).size(), 255u);
}

TEST(SnmpMessage, ReadsAResponse) {
  const auto response = snmp::parse_response(raw(kResponse), Version::v2c, kId);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->error_status, 0);
  EXPECT_EQ(response->up_time, 211u);
  std::string refused = kResponse;
  refused[28] = 2;
  EXPECT_EQ(snmp::parse_response(raw(refused), Version::v2c, kId)->error_status, 2);
  EXPECT_EQ(snmp::error_name(2), "noSuchName");
  EXPECT_EQ(snmp::error_name(18), "inconsistentName");
  EXPECT_EQ(snmp::error_name(-1), "error -1");
  std::string no_object = kResponse;
  no_object[no_object.size() - 4] = static_cast<char>(0x80);  // noSuchObject
  const auto without = snmp::parse_response(raw(no_object), Version::v2c, kId);
  ASSERT_TRUE(without);
  EXPECT_FALSE(without->up_time);
}

TEST(SnmpMessage, KnowsWhatIsNotItsAnswer) {
  EXPECT_FALSE(snmp::parse_report(raw(kReport), kId + 1));
  EXPECT_FALSE(snmp::parse_report(raw(kDiscovery), kId)) << "an echo";
  EXPECT_FALSE(snmp::parse_report(raw(kResponse), kId));
  EXPECT_FALSE(snmp::parse_response(raw(kResponse), Version::v2c, kId + 1));
  EXPECT_FALSE(snmp::parse_response(raw(kResponse), Version::v1, kId));
  EXPECT_FALSE(snmp::parse_response(raw(kGet), Version::v2c, kId)) << "an echo";
  EXPECT_FALSE(snmp::parse_response(raw(kReport), Version::v2c, kId));
}

TEST(SnmpMessage, RefusesWhatIsCutShortOrLiesAboutLengths) {
  for (std::size_t size = 0; size < kReport.size(); ++size) {
    EXPECT_FALSE(snmp::parse_report(raw(kReport.substr(0, size)), kId)) << size;
  }
  for (std::size_t size = 0; size < kResponse.size(); ++size) {
    EXPECT_FALSE(snmp::parse_response(raw(kResponse.substr(0, size)), Version::v2c, kId)) << size;
  }
  std::string huge = kResponse;
  huge[6] = static_cast<char>(0x84);  // four octets of length follow
  EXPECT_FALSE(snmp::parse_response(raw(huge), Version::v2c, kId));
  std::string long_engine = kReport;
  long_engine[27] = 33;  // more than the engine's id may have, and than there is
  EXPECT_FALSE(snmp::parse_report(raw(long_engine), kId));
}

// ---- the exchange -------------------------------------------------------------------------------

class SnmpProbe : public testing::Test {
 protected:
  Outcome see(UdpServer::Script script, const Value& values = {}, Duration timeout = 4s) {
    UdpServer server(lab.context, std::move(script));
    return lab.probe(snmp_probe_type(), server.target(), values, timeout);
  }
  static std::string fact(const Outcome& outcome, std::string_view key) {
    for (const auto& [name, value] : std::get<ServiceFacts>(*outcome.facts).details) {
      if (name == key) {
        return value;
      }
    }
    return "none";
  }
  std::string problems(const Value& values) {
    return lab.problems(snmp_probe_type(), "127.0.0.1", values);
  }
  static Value with(const char* version) {
    return params({{"version", text(version)}, {"community", text("lab-community")}});
  }

  test::NetLab lab;
};

/// An id as it is written, two to six octets with tag and length.
std::string id_at(const std::string& message, std::size_t at) {
  return message.substr(at, 2 + static_cast<std::size_t>(message[at + 1]));
}

/// A report with the id of the question.
std::string report_for(const std::string& asked) {
  const std::string id = id_at(asked, 7);
  std::string report = hex("020103");
  const std::string header = id + kReport.substr(11, 11);
  report += std::string("\x30", 1) + static_cast<char>(header.size()) + header;
  report += kReport.substr(22);
  return std::string("\x30", 1) + static_cast<char>(report.size()) + report;
}

/// A response of this version with the id of the question.
std::string response_for(const std::string& asked) {
  const std::string id = id_at(asked, 22);
  const std::string pdu = id + kResponse.substr(26);
  const std::string message = asked.substr(2, 18) + "\xa2" + static_cast<char>(pdu.size()) + pdu;
  return std::string("\x30", 1) + static_cast<char>(message.size()) + message;
}

TEST_F(SnmpProbe, AnEngineIsUpWithItsName) {
  const Outcome outcome = see([](const std::string& asked) { return Replies{report_for(asked)}; });
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(fact(outcome, "version"), "3");
  EXPECT_EQ(fact(outcome, "engine_id"), "80001f88803d85395261ac026b00000000");
  EXPECT_EQ(fact(outcome, "enterprise"), "8072");
  EXPECT_EQ(fact(outcome, "engine_boots"), "1");
  EXPECT_EQ(fact(outcome, "engine_time"), "2 s");
  EXPECT_EQ(fact(outcome, "report"), "usmStatsUnknownEngineIDs");
}

TEST_F(SnmpProbe, AnAgentThatKnowsTheCommunityTellsItsUpTime) {
  for (const char* version : {"1", "2c"}) {
    const Outcome outcome =
        see([](const std::string& asked) { return Replies{response_for(asked)}; }, with(version));
    EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
    EXPECT_EQ(fact(outcome, "version"), version);
    EXPECT_EQ(fact(outcome, "up_time"), "2.11 s");
  }
}

TEST_F(SnmpProbe, ACommunityAloneMeansVersion2c) {
  std::string seen;
  see(
      [&](const std::string& asked) {
        seen = asked;
        return Replies{response_for(asked)};
      },
      params({{"community", text("lab-community")}}));
  EXPECT_EQ(seen[4], 1);
}

TEST_F(SnmpProbe, SilenceIsAFailureOfVersion3Only) {
  const auto silent = [](const std::string&) { return Replies{}; };
  const Outcome third = see(silent, {}, 300ms);
  EXPECT_EQ(third.reason, Reason::no_reply);
  EXPECT_TRUE(third.reply_owed);
  const Outcome second = see(silent, with("2c"), 300ms);
  EXPECT_EQ(second.reason, Reason::no_reply);
  EXPECT_FALSE(second.reply_owed) << "perhaps it is the community";
}

TEST_F(SnmpProbe, AnEchoIsAMismatchAndNeverShowsTheCommunity) {
  const auto echo = [](const std::string& asked) { return Replies{asked}; };
  const Outcome third = see(echo, {}, 300ms);
  EXPECT_EQ(third.reason, Reason::protocol_mismatch);
  EXPECT_THAT(third.message, HasSubstr("it starts with"));
  const Outcome second = see(echo, with("2c"), 300ms);
  EXPECT_EQ(second.reason, Reason::protocol_mismatch);
  EXPECT_THAT(second.message, Not(HasSubstr("lab-")));
}

TEST_F(SnmpProbe, RefusesAVersionAndACommunityThatDoNotFit) {
  EXPECT_THAT(problems(with("3")), HasSubstr("version 3 has no community"));
  EXPECT_THAT(problems(params({{"version", text("1")}})), HasSubstr("need a community"));
  EXPECT_THAT(problems(params({{"version", text("2")}})), HasSubstr("version"));
  EXPECT_THAT(problems(params({{"community", text(std::string(256, 'c'))}})),
              HasSubstr("1 to 255 bytes"));
}

}  // namespace
}  // namespace reachd
