#include "probes/icmp.hpp"

#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <variant>

#include "probes/net/icmp.hpp"
#include "tests/support/net_lab.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;

class IcmpProbe : public testing::Test {
 protected:
  static Value series(const char* interval) {
    return test::params({{"count", test::text("2")}, {"gap", test::text(interval)}});
  }

  test::NetLab net;
};

TEST_F(IcmpProbe, LoopbackAnswers) {
  const Outcome outcome = net.probe(icmp_probe_type(), "127.0.0.1", series("10ms"));
  if (outcome.reason == Reason::local_permission) {
    GTEST_SKIP() << "SKIPPED: pings are not allowed here: " << outcome.message;
  }
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_TRUE(outcome.timings[Phase::connect]);
  ASSERT_TRUE(outcome.facts);
  EXPECT_EQ(std::get<IcmpFacts>(*outcome.facts).received, 2);
}

TEST_F(IcmpProbe, StopIsALocalError) {
  asio::post(net.context, [&] { asio::post(net.context, [&] { net.deadlines.stop(); }); });
  const Outcome outcome = net.probe(icmp_probe_type(), "127.0.0.1", series("10s"));
  EXPECT_TRUE(is_local_fault(outcome.reason)) << outcome.message;
}

TEST(EchoLoss, IsMoreThanMayBeLost) {
  const IpAddress to = IpAddress::v4(0x0a010203);
  const IpAddress router = IpAddress::v4(0x0a010201);
  net::EchoReport report;
  report.facts.sent = 4;
  report.facts.received = 3;
  EXPECT_FALSE(echo_loss(report, to, 25));
  report.failure = Failure{Reason::host_unreachable, "no way", 113, router};
  const auto failure = echo_loss(report, to, 24);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, Reason::echo_loss);
  EXPECT_EQ(failure->message, "1 of 4 echo requests to 10.1.2.3 were not answered");
  EXPECT_EQ(failure->error_number, 113);
  EXPECT_EQ(failure->offender, router);
  report.facts.received = 4;
  EXPECT_FALSE(echo_loss(report, to, 0));
}

TEST_F(IcmpProbe, MistakesAreNamed) {
  const std::string problems = net.problems(icmp_probe_type(), "h",
                                            test::params({{"count", test::text("21")},
                                                          {"payload", test::text("9")},
                                                          {"gap", test::text("1ms")},
                                                          {"max_loss", test::text("100")},
                                                          {"ttl", test::text("1")}}));
  for (const char* key : {"count", "payload", "gap", "max_loss", "ttl"}) {
    EXPECT_NE(problems.find(key), std::string::npos) << key << " in " << problems;
  }
}

}  // namespace
}  // namespace reachd
