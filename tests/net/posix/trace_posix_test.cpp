// The trace of Linux, which sends what opens a TCP connection.
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "probes/net/deadline.hpp"
#include "probes/net/trace.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/process.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

class TraceByTcp : public ::testing::Test {
 protected:
  static TimePoint in(Duration time) { return system_clock().steady_now() + time; }

  Result<Path> trace_to(const Endpoint& to, Deadline& deadline) {
    return test::run(net.context, trace(net.network, to, TraceOptions{}, deadline));
  }

  test::NetLab net;
};

TEST_F(TraceByTcp, ReachesAPortOfThisHost) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  Deadline deadline(net.deadlines, in(3s));
  const auto path = trace_to(test::endpoint_of(acceptor), deadline);
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(path->end, Path::End::reached);
  ASSERT_EQ(path->hops.size(), 1U);
  EXPECT_EQ(path->last_hop()->number, 1);
  EXPECT_EQ(path->last_hop()->address, test::endpoint_of(acceptor).address);
  EXPECT_GT(path->last_hop()->duration, Duration::zero());
  EXPECT_EQ(path->message,
            test::endpoint_of(acceptor).to_string() + " accepts connections (hop 1)");
}

TEST_F(TraceByTcp, AClosedPortIsReachedToo) {
  const test::ClosedPort closed(net.context);
  Deadline deadline(net.deadlines, in(3s));
  const auto path = trace_to(closed.endpoint(), deadline);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->end, Path::End::reached);
  EXPECT_NE(path->message.find("or a firewall says so"), std::string::npos) << path->message;
}

TEST_F(TraceByTcp, AMutePortEndsAtTheDeadline) {
  const test::MutePort mute(net.context);
  const std::size_t before = test::open_descriptors();
  {
    Deadline deadline(net.deadlines, in(100ms));
    const auto path = trace_to(mute.endpoint(), deadline);
    ASSERT_TRUE(path);
    EXPECT_EQ(path->end, Path::End::unfinished);
    EXPECT_EQ(path->last_hop(), nullptr);
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

TEST_F(TraceByTcp, AStopEndsItAtOnceAndTheLoopWithIt) {
  const test::MutePort mute(net.context);
  {
    Deadline deadline(net.deadlines, in(1h));
    asio::post(net.context, [&] { asio::post(net.context, [&] { net.deadlines.stop(); }); });
    const auto path = trace_to(mute.endpoint(), deadline);
    ASSERT_FALSE(path);
    EXPECT_EQ(path.error().reason, Reason::local_error);
  }
  EXPECT_LT(net.context.run_for(0s), 50U);
}

}  // namespace
}  // namespace reachd::net
