#include "probes/ipmi.hpp"

#include <gmock/gmock.h>

#include "probes/core/bytes.hpp"
#include "probes/core/send_expect.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/udp_server.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::UdpServer;
using testing::HasSubstr;
using Replies = std::vector<std::string>;

std::string hex(std::string_view digits) { return std::string(as_text(parse_hex(digits).value())); }
std::span<const std::byte> raw(std::string_view bytes) { return std::as_bytes(std::span(bytes)); }

/// What ipmi_sim of OpenIPMI 2.0.33 answers to the query with the number 0 and to the ping 0x42.
const std::string kSimCapabilities =
    hex("0600ff07 00 00000000 00000000 10 811c63 20 00 38 00 01 97 06 03 00000000 07");
const std::string kSimPong =
    hex("0600ff06 000011be 40 42 00 10 000011be 00000000 81 00 000000000000");

/// Makes the sum of what is between the two checksums 0 again.
std::string summed(std::string message) {
  unsigned sum = 0;
  for (std::size_t at = 17; at + 1 < message.size(); ++at) {
    sum += static_cast<unsigned char>(message[at]);
  }
  message.back() = static_cast<char>(-sum);
  return message;
}

// ---- the messages -------------------------------------------------------------------------------

TEST(IpmiMessage, AsksAsEveryToolDoes) {
  // The datagram that discovery tools have always sent (Metasploit's ipmi_version, nmap's payload).
  EXPECT_EQ(as_text(ipmi::build_query(0)),
            hex("0600ff07 00 00000000 00000000 09 20 18 c8 81 00 38 8e 04 b5"));
  EXPECT_EQ(as_text(ipmi::build_ping(0x42)), hex("0600ff06 000011be 80 42 00 00"));
}

TEST(IpmiMessage, ReadsCapabilities) {
  const auto read = ipmi::parse_capabilities(raw(kSimCapabilities), 0);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->completion_code, 0);
  EXPECT_TRUE(read->version_1_5);
  EXPECT_TRUE(read->version_2_0);
  EXPECT_EQ(read->authentications, "none md2 md5 password");
  EXPECT_FALSE(read->anonymous_login);
}

TEST(IpmiMessage, WithoutExtendedCapabilitiesItIsVersion15) {
  std::string old = kSimCapabilities;
  old[22] = 0x21;  // OEM and none, no extended capabilities
  old[23] = 0x01;  // anonymous login
  const auto read = ipmi::parse_capabilities(raw(summed(old)), 0);
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->version_1_5);
  EXPECT_FALSE(read->version_2_0);
  EXPECT_EQ(read->authentications, "none oem");
  EXPECT_TRUE(read->anonymous_login);
}

TEST(IpmiMessage, ACompletionCodeIsAnAnswer) {
  std::string refused = kSimCapabilities.substr(0, 22);
  refused[13] = 8;
  refused[20] = static_cast<char>(0xcc);
  const auto read = ipmi::parse_capabilities(raw(summed(refused)), 0);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->completion_code, 0xcc);
}

TEST(IpmiMessage, KnowsWhatIsNotItsAnswer) {
  EXPECT_FALSE(ipmi::parse_capabilities(raw(kSimCapabilities), 1)) << "another number";
  EXPECT_FALSE(ipmi::parse_capabilities(ipmi::build_query(0), 0)) << "an echo";
  EXPECT_FALSE(ipmi::parse_capabilities(raw(kSimPong), 0));
  for (std::size_t at = 13; at < kSimCapabilities.size(); ++at) {
    std::string flipped = kSimCapabilities;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    EXPECT_FALSE(ipmi::parse_capabilities(raw(flipped), 0)) << at;
  }
  for (std::size_t size = 0; size < kSimCapabilities.size(); ++size) {
    EXPECT_FALSE(ipmi::parse_capabilities(raw(kSimCapabilities.substr(0, size)), 0)) << size;
  }
  std::string short_of_data = kSimCapabilities;
  short_of_data[13] = 9;
  EXPECT_FALSE(ipmi::parse_capabilities(raw(summed(short_of_data.substr(0, 23))), 0));
}

TEST(IpmiMessage, ReadsPongs) {
  const auto pong = ipmi::parse_pong(raw(kSimPong), 0x42);
  ASSERT_TRUE(pong);
  EXPECT_TRUE(pong->speaks_ipmi);
  EXPECT_EQ(pong->enterprise, 4542u);
  EXPECT_FALSE(ipmi::parse_pong(raw(kSimPong), 0x43));
  EXPECT_FALSE(ipmi::parse_pong(ipmi::build_ping(0x42), 0x42)) << "an echo";
  for (std::size_t size = 0; size < 21; ++size) {
    EXPECT_FALSE(ipmi::parse_pong(raw(kSimPong.substr(0, size)), 0x42)) << size;
  }
}

// ---- the exchange -------------------------------------------------------------------------------

bool is_ping(const std::string& asked) { return asked[3] == 6; }

/// ipmi_sim's answers with the numbers of the question.
std::string answer(const std::string& asked) {
  std::string reply = is_ping(asked) ? kSimPong : kSimCapabilities;
  if (is_ping(asked)) {
    reply[9] = asked[9];
    return reply;
  }
  reply[18] = asked[18];
  return summed(reply);
}

class IpmiProbe : public testing::Test {
 protected:
  Outcome see(const UdpServer::Script& script, Duration timeout = 4s) {
    UdpServer server(lab.context, [this, script](const std::string& datagram) {
      asked.push_back(datagram);
      return script(datagram);
    });
    return lab.probe(ipmi_probe_type(), server.target(), {}, timeout);
  }
  static std::string fact(const Outcome& outcome, std::string_view key) {
    for (const auto& [name, value] : std::get<ServiceFacts>(*outcome.facts).details) {
      if (name == key) {
        return value;
      }
    }
    return "none";
  }

  test::NetLab lab;
  std::vector<std::string> asked;
};

TEST_F(IpmiProbe, AControllerIsUpWithWhatItOffers) {
  const Outcome outcome = see([](const std::string& query) { return Replies{answer(query)}; });
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(asked.size(), 1u) << "one datagram a probe";
  EXPECT_EQ(fact(outcome, "versions"), "1.5 2.0");
  EXPECT_EQ(fact(outcome, "authentications"), "none md2 md5 password");
  EXPECT_EQ(fact(outcome, "anonymous_login"), "no");
}

TEST_F(IpmiProbe, AnErrorProvesItToo) {
  const Outcome outcome = see([](const std::string& query) {
    std::string refused = answer(query).substr(0, 22);
    refused[13] = 8;
    refused[20] = static_cast<char>(0xcc);
    return Replies{summed(refused)};
  });
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(fact(outcome, "completion_code"), "204");
}

TEST_F(IpmiProbe, ALostQueryIsAskedAgainAfterAPong) {
  const Outcome outcome = see([this](const std::string& query) {
    return asked.size() == 1 ? Replies{} : Replies{answer(query)};
  });
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_TRUE(is_ping(asked[1]));
  EXPECT_LT(static_cast<unsigned char>(asked[1][9]), 0x80) << "0xff asks for no answer";
  EXPECT_EQ(asked[2], asked[0]);
  EXPECT_EQ(fact(outcome, "answer"), "capabilities");
}

TEST_F(IpmiProbe, OneThatAnswersPingsOnlyIsDegraded) {
  const Outcome outcome = see(
      [](const std::string& query) { return is_ping(query) ? Replies{answer(query)} : Replies{}; },
      800ms);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_TRUE(outcome.degraded);
  EXPECT_EQ(fact(outcome, "answer"), "presence");
  EXPECT_EQ(fact(outcome, "enterprise"), "4542");
  EXPECT_THAT(outcome.message, HasSubstr("presence ping"));
}

TEST_F(IpmiProbe, SilenceIsAFailure) {
  const Outcome outcome = see([](const std::string&) { return Replies{}; }, 400ms);
  EXPECT_EQ(outcome.reason, Reason::no_reply);
  EXPECT_TRUE(outcome.reply_owed);
  ASSERT_GE(asked.size(), 2u);
  EXPECT_FALSE(is_ping(asked[0]));
  EXPECT_TRUE(is_ping(asked[1]));
  EXPECT_LT(static_cast<unsigned char>(asked[1][9]), 0x80) << "0xff asks for no answer";
}

TEST_F(IpmiProbe, AnEchoIsNoController) {
  const Outcome outcome = see([](const std::string& query) { return Replies{query}; }, 400ms);
  EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << outcome.message;
  EXPECT_THAT(outcome.message, HasSubstr("does not speak IPMI"));
}

}  // namespace
}  // namespace reachd
