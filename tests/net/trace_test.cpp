#include "probes/net/trace.hpp"

#include <gtest/gtest.h>

#include <boost/asio/steady_timer.hpp>
#include <vector>

#include "tests/support/net_lab.hpp"
#include "tests/support/ports.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;

/// A way of routers that answer at once, and of some that never do.
class FakeAsker final : public HopAsker {
 public:
  FakeAsker(Network& network, int routers) : network_(network), routers_(routers) {}

  Result<void> ask(int hop) override {
    if (hop == fails_at) {
      return std::unexpected(Failure{failure, "it failed", 24, IpAddress::v4(9)});
    }
    asked.push_back(hop);
    most_under_way = std::max(most_under_way, ++under_way);
    if (hop <= routers_) {
      ready_.push_back(hop);
    }
    return {};
  }

  asio::awaitable<std::optional<HopReply>> wait(TimePoint until) override {
    if (ready_.empty()) {
      asio::steady_timer timer(network_.executor, until);
      co_await timer.async_wait(asio::use_awaitable);
      co_return std::nullopt;
    }
    HopReply reply;
    reply.hop = ready_.front();
    reply.from = IpAddress::v4(static_cast<std::uint32_t>(reply.hop));
    ready_.erase(ready_.begin());
    --under_way;
    co_return reply;
  }

  void forget(int hop) noexcept override {
    forgotten.push_back(hop);
    --under_way;
  }

  std::vector<int> asked;
  std::vector<int> forgotten;
  int under_way = 0;
  int most_under_way = 0;
  int fails_at = 0;
  Reason failure = Reason::local_descriptors;

 private:
  Network& network_;
  const int routers_;
  std::vector<int> ready_;
};

class Trace : public ::testing::Test {
 protected:
  static TimePoint in(Duration time) { return system_clock().steady_now() + time; }

  Result<Path> trace_with(HopAsker& asker, TraceOptions options, Deadline& deadline) {
    return test::run(net.context, trace(asker, kTarget, options, system_clock(), deadline));
  }

  static constexpr Endpoint kTarget{.address = {}, .port = 443};
  test::NetLab net;
};

TEST_F(Trace, EndsAfterARowOfSilentHops) {
  FakeAsker asker(net.network, 4);
  TraceOptions options;
  options.wait = 5ms;
  options.gap = 1ms;
  Deadline deadline(net.deadlines, in(3s));
  const auto path = trace_with(asker, options, deadline);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->hops.size(), 4U);
  EXPECT_EQ(path->end, Path::End::silent);
  EXPECT_EQ(path->target, kTarget);
  EXPECT_NE(path->time, WallTime());
  EXPECT_EQ(asker.asked.size(), 4U + 5 * 2);
  EXPECT_EQ(asker.forgotten.size(), 5U * 2);
  EXPECT_LE(asker.most_under_way, 3);
}

TEST_F(Trace, KeepsAGapBetweenItsPackets) {
  FakeAsker asker(net.network, 5);
  TraceOptions options;
  options.max_hops = 5;
  options.gap = 10ms;
  Deadline deadline(net.deadlines, in(3s));
  const TimePoint began = system_clock().steady_now();
  ASSERT_TRUE(trace_with(asker, options, deadline));
  EXPECT_GE(system_clock().steady_now() - began, 4 * 10ms);
}

TEST_F(Trace, TheDeadlineGivesThePathSoFar) {
  FakeAsker asker(net.network, 2);
  TraceOptions options;
  options.wait = 20ms;
  options.gap = 1ms;
  Deadline deadline(net.deadlines, in(30ms));
  const auto path = trace_with(asker, options, deadline);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->end, Path::End::unfinished);
  EXPECT_EQ(path->hops.size(), 2U);
}

TEST_F(Trace, AFaultOfThisHostIsAFailure) {
  FakeAsker asker(net.network, 2);
  asker.fails_at = 2;
  Deadline deadline(net.deadlines, in(3s));
  const auto path = trace_with(asker, TraceOptions{}, deadline);
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().reason, Reason::local_descriptors);
}

TEST_F(Trace, WhatCanNotBeSentForOthersReasonsIsTheEndOfTheWay) {
  FakeAsker asker(net.network, 5);
  asker.fails_at = 2;
  asker.failure = Reason::local_firewall;
  Deadline deadline(net.deadlines, in(3s));
  const auto path = trace_with(asker, TraceOptions{}, deadline);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->end, Path::End::rejected);
  EXPECT_EQ(path->message, "it failed");
  EXPECT_EQ(path->offender, IpAddress::v4(9));
  EXPECT_EQ(path->hops.size(), 1U);
}

TEST_F(Trace, ANewDeadlineAfterTheStopIsBornStopped) {
  net.deadlines.stop();
  const test::ClosedPort closed(net.context);
  Deadline deadline(net.deadlines, in(1h));
  EXPECT_FALSE(
      test::run(net.context, trace(net.network, closed.endpoint(), TraceOptions{}, deadline)));
}

}  // namespace
}  // namespace reachd::net
