// The trace of Windows, which sends echo requests, and what it shares with the ICMP probe.
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <memory>

#include "probes/net/icmp.hpp"
#include "probes/net/ip_status.hpp"
#include "probes/net/trace.hpp"
#include "probes/net/windows/echo_series.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/ports.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;

const IpAddress kLoopback = *IpAddress::parse("127.0.0.1");

TimePoint in(Duration time) { return system_clock().steady_now() + time; }

TEST(TraceByEcho, ReachesThisHostWhateverItsPortSays) {
  test::NetLab net;
  const test::ClosedPort closed(net.context);
  Deadline deadline(net.deadlines, in(3s));
  const auto path =
      test::run(net.context, trace(net.network, closed.endpoint(), TraceOptions{}, deadline));
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(path->end, Path::End::reached);
  ASSERT_EQ(path->hops.size(), 1U);
  EXPECT_EQ(path->last_hop()->number, 1);
  EXPECT_EQ(path->last_hop()->address, kLoopback);
  EXPECT_GT(path->last_hop()->duration, Duration::zero());
  EXPECT_EQ(path->message, "127.0.0.1 answers pings (hop 1)");
}

/// What came of one wait.
struct Waited {
  std::optional<EchoAnswer> answer;
  Duration took{};
};

asio::awaitable<Waited> wait_once(EchoSeries& series, TimePoint until, Deadline& deadline) {
  const TimePoint began = system_clock().steady_now();
  co_await series.wait(until, deadline);
  Waited waited;
  waited.answer = series.take();
  waited.took = system_clock().steady_now() - began;
  co_return waited;
}

class EchoSeriesTest : public testing::Test {
 protected:
  Waited wait(EchoSeries& series, TimePoint until, Deadline& deadline) {
    return test::run(net.context, wait_once(series, until, deadline));
  }

  test::NetLab net;
};

TEST_F(EchoSeriesTest, AnAnswerEndsTheWaitAndKeepsItsKey) {
  Deadline deadline(net.deadlines, in(1h));
  EchoSeries series(net.network, kLoopback, 56);
  ASSERT_TRUE(series.ask(7, 0, in(3s)));
  const Waited waited = wait(series, TimePoint::max(), deadline);
  ASSERT_TRUE(waited.answer);
  EXPECT_EQ(waited.answer->key, 7);
  EXPECT_EQ(waited.answer->status, kIpSuccess);
  EXPECT_TRUE(waited.answer->sent);
  EXPECT_TRUE(waited.answer->intact);
  EXPECT_EQ(waited.answer->from, kLoopback);
  EXPECT_GT(waited.answer->ended, waited.answer->began);
  EXPECT_FALSE(failure_of(*waited.answer, kLoopback));
  EXPECT_FALSE(series.take());
}

TEST_F(EchoSeriesTest, AnAnswerThatCameBeforeIsNotWaitedFor) {
  Deadline deadline(net.deadlines, in(1h));
  EchoSeries series(net.network, kLoopback, 56);
  ASSERT_TRUE(series.ask(1, 0, in(3s)));
  ASSERT_TRUE(series.ask(2, 0, in(3s)));
  ASSERT_TRUE(wait(series, TimePoint::max(), deadline).answer);
  ASSERT_TRUE(wait(series, TimePoint::max(), deadline).answer);
}

TEST_F(EchoSeriesTest, TheTimeEndsTheWait) {
  Deadline deadline(net.deadlines, in(1h));
  EchoSeries series(net.network, kLoopback, 56);
  const Waited waited = wait(series, in(20ms), deadline);
  EXPECT_FALSE(waited.answer);
  EXPECT_GE(waited.took, 15ms);
}

TEST_F(EchoSeriesTest, TheDeadlineAndAStopEndTheWait) {
  EchoSeries series(net.network, kLoopback, 56);
  Deadline soon(net.deadlines, in(20ms));
  EXPECT_FALSE(wait(series, TimePoint::max(), soon).answer);
  EXPECT_EQ(soon.ended(), Deadline::Ended::expired);
  Deadline later(net.deadlines, in(1h));
  asio::post(net.context, [&] { asio::post(net.context, [&] { net.deadlines.stop(); }); });
  EXPECT_FALSE(wait(series, TimePoint::max(), later).answer);
  EXPECT_EQ(later.ended(), Deadline::Ended::stopped);
}

TEST_F(EchoSeriesTest, AnAddressThatNothingCanBeSentToIsAFailure) {
  Deadline deadline(net.deadlines, in(1h));
  const IpAddress nowhere = *IpAddress::parse("0.0.0.0");
  EchoSeries series(net.network, nowhere, 56);
  ASSERT_TRUE(series.ask(1, 0, in(3s)));
  const Waited waited = wait(series, TimePoint::max(), deadline);
  ASSERT_TRUE(waited.answer);
  EXPECT_FALSE(waited.answer->intact);
  const auto failure = failure_of(*waited.answer, nowhere);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, Reason::local_route) << failure->message;
}

TEST_F(EchoSeriesTest, MayGoBeforeItsAnswersWithTheLoop) {
  for (int round = 0; round < 50; ++round) {
    test::NetLab short_lived;
    EchoSeries series(short_lived.network, kLoopback, kMaxEchoPayload);
    for (int key = 0; key < 10; ++key) {
      ASSERT_TRUE(series.ask(key, 0, in(3s)));
    }
  }
  // The thread that sends them is still well.
  Deadline deadline(net.deadlines, in(1h));
  EchoSeries series(net.network, kLoopback, kMinEchoPayload);
  ASSERT_TRUE(series.ask(1, 0, in(4s)));
  const Waited waited = wait(series, TimePoint::max(), deadline);
  ASSERT_TRUE(waited.answer);
  EXPECT_TRUE(waited.answer->intact);
}

TEST_F(EchoSeriesTest, TooManyUnderWayAreRefused) {
  Deadline deadline(net.deadlines, in(1h));
  EchoSeries series(net.network, kLoopback, kMinEchoPayload);
  int asked = 0;
  Result<void> last;
  while (last && asked < 100'000) {
    last = series.ask(asked, 0, in(1h));
    asked += last ? 1 : 0;
  }
  ASSERT_FALSE(last) << "asking is far quicker than sending";
  EXPECT_EQ(last.error().reason, Reason::local_descriptors);
  // Wine sends them one after the other, some hundreds a second.
  for (const TimePoint guard = in(1min); asked > 0 && in(0s) < guard;) {
    asked -= wait(series, in(1s), deadline).answer ? 1 : 0;
  }
  EXPECT_EQ(asked, 0) << "every one that was taken is answered";
  EXPECT_TRUE(series.ask(0, 0, in(3s)));
}

}  // namespace
}  // namespace reachd::net
