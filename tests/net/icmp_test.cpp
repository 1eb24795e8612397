#include "probes/net/icmp.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <string_view>
#include <vector>

#include "probes/net/deadline.hpp"
#include "probes/net/icmp_packet.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/process.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using Family = IpAddress::Family;

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> result;
  for (const int value : values) {
    result.push_back(static_cast<std::byte>(value));
  }
  return result;
}

TEST(IcmpPacket, RequestIsWhatRfc792Says) {
  // The checksum worked out by hand: ~(0x0800 + 0x1234 + 0x0001 + 0x6162 + 0x6300) = 0x2167
  const auto payload = bytes({'a', 'b', 'c'});
  EXPECT_EQ(make_echo_request(Family::v4, 0x1234, 1, payload),
            bytes({8, 0, 0x21, 0x68, 0x12, 0x34, 0, 1, 'a', 'b', 'c'}));
  EXPECT_EQ(make_echo_request(Family::v6, 0x1234, 1, payload),
            bytes({128, 0, 0, 0, 0x12, 0x34, 0, 1, 'a', 'b', 'c'}));
}

TEST(IcmpPacket, ReplyIsTakenApart) {
  const auto packet = bytes({129, 0, 0xff, 0xff, 0xab, 0xcd, 0x01, 0x02, 9, 8});
  const auto reply = parse_echo(Family::v6, packet);
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->reply);
  EXPECT_EQ(reply->id, 0xabcd);
  EXPECT_EQ(reply->sequence, 0x0102);
  EXPECT_EQ(reply->payload.size(), 2U);
}

TEST(IcmpPacket, RefusesWhatIsNoEchoOrCutShort) {
  EXPECT_FALSE(parse_echo(Family::v4, {}));
  EXPECT_FALSE(parse_echo(Family::v4, bytes({0, 0, 0, 0, 0, 0, 0})));
  EXPECT_FALSE(parse_echo(Family::v4, bytes({3, 1, 0, 0, 0, 0, 0, 0})));
  EXPECT_FALSE(parse_echo(Family::v4, bytes({129, 0, 0, 0, 0, 0, 0, 0})));
  EXPECT_FALSE(parse_echo(Family::v4, bytes({0, 1, 0, 0, 0, 0, 0, 0})));
}

TEST(IcmpPacket, Ipv4HeaderWithOptionsIsSkipped) {
  std::vector<std::byte> packet(24 + 8);
  packet[0] = std::byte{0x46};
  EXPECT_EQ(without_ipv4_header(packet).size(), 8U);
  packet[0] = std::byte{0x4f};
  EXPECT_TRUE(without_ipv4_header(packet).empty());
  packet[0] = std::byte{0x41};
  EXPECT_TRUE(without_ipv4_header(packet).empty());
  EXPECT_TRUE(without_ipv4_header({}).empty());
}

class Icmp : public testing::Test {
 protected:
  Result<EchoReport> ping(std::string_view to, EchoOptions options, Deadline& deadline) {
    return test::run(net.context,
                     send_echoes(net.network, *IpAddress::parse(to), options, deadline));
  }
  TimePoint in(std::chrono::milliseconds time) { return net.network.clock.steady_now() + time; }

  test::NetLab net;
};

/// Where neither kind of socket is allowed, there is nothing to test but the error.
#define SKIP_WITHOUT_PERMISSION(report)                                                  \
  if (!(report) && (report).error().reason == Reason::local_permission) {                \
    GTEST_SKIP() << "SKIPPED: pings are not allowed here: " << (report).error().message; \
  }

TEST_F(Icmp, LoopbackAnswersEveryEcho) {
  EchoOptions options;
  options.count = 3;
  options.interval = 10ms;
  Deadline deadline(net.deadlines, in(3s));
  const auto report = ping("127.0.0.1", options, deadline);
  SKIP_WITHOUT_PERMISSION(report);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->facts.sent, 3);
  EXPECT_EQ(report->facts.received, 3);
  EXPECT_FALSE(report->failure);
  ASSERT_TRUE(report->facts.fastest && report->facts.slowest);
  EXPECT_LE(*report->facts.fastest, *report->facts.slowest);
}

TEST_F(Icmp, Ipv6LoopbackAnswers) {
  Deadline deadline(net.deadlines, in(3s));
  EchoOptions options;
  options.payload = kMaxEchoPayload;
  const auto report = ping("::1", options, deadline);
  SKIP_WITHOUT_PERMISSION(report);
  if (!report && is_local_fault(report.error().reason)) {
    GTEST_SKIP() << "SKIPPED: no IPv6 here: " << report.error().message;
  }
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->facts.received, 1);
}

TEST_F(Icmp, DeadlineEndsItBetweenTwoEchoes) {
  EchoOptions options;
  options.count = 2;
  options.interval = 10s;
  Deadline deadline(net.deadlines, in(50ms));
  const auto report = ping("127.0.0.1", options, deadline);
  SKIP_WITHOUT_PERMISSION(report);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->facts.sent, 1);
  EXPECT_EQ(report->facts.received, 1);
  EXPECT_EQ(deadline.ended(), Deadline::Ended::expired);
}

TEST_F(Icmp, StopEndsItAtOnce) {
  EchoOptions options;
  options.count = 2;
  options.interval = 10s;
  Deadline deadline(net.deadlines, in(1h));
  asio::post(net.context, [&] { asio::post(net.context, [&] { net.deadlines.stop(); }); });
  const auto report = ping("127.0.0.1", options, deadline);
  SKIP_WITHOUT_PERMISSION(report);
  ASSERT_TRUE(report);
  EXPECT_EQ(deadline.ended(), Deadline::Ended::stopped);
}

TEST_F(Icmp, PingsOfOthersAreNotMistakenForOwn) {
  EchoOptions options;
  options.count = 5;
  options.interval = 10ms;
  Deadline deadline(net.deadlines, in(3s));
  std::vector<EchoReport> reports;
  for (int i = 0; i < 8; ++i) {
    asio::co_spawn(net.context,
                   send_echoes(net.network, *IpAddress::parse("127.0.0.1"), options, deadline),
                   [&](std::exception_ptr, Result<EchoReport> report) {
                     if (report) {
                       reports.push_back(*report);
                     }
                   });
  }
  const auto own = ping("127.0.0.1", options, deadline);
  SKIP_WITHOUT_PERMISSION(own);
  while (reports.size() < 8 && net.context.run_one_for(3s) > 0) {
  }
  ASSERT_EQ(reports.size(), 8U);
  for (const EchoReport& report : reports) {
    EXPECT_EQ(report.facts.received, 5);
  }
}

TEST_F(Icmp, LeaksNoDescriptorInAThousandRuns) {
  std::size_t before = 0;
  for (int i = 0; i <= 1000; ++i) {
    Deadline deadline(net.deadlines, in(3s));
    const auto report = ping("127.0.0.1", EchoOptions{}, deadline);
    SKIP_WITHOUT_PERMISSION(report);
    EXPECT_EQ(report->facts.received, 1);
    if (i == 0) {  // with what Windows opens once for all of them
      before = test::open_descriptors();
    }
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

}  // namespace
}  // namespace reachd::net
