#include "probes/net/tcp.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "probes/net/errors.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/process.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using Connected = Result<std::unique_ptr<Stream>>;

TimePoint in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

class Tcp : public testing::Test {
 protected:
  Connected connect(const Endpoint& endpoint, Deadline& deadline, TcpOptions options = {}) {
    return test::run(net.context, connect_tcp(net.network, endpoint, options, deadline));
  }

  test::NetLab net;
};

TEST_F(Tcp, ConnectsReadsAndWrites) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  Deadline deadline(net.deadlines, in(3s));
  Connected connected = connect(test::endpoint_of(acceptor), deadline);
  ASSERT_TRUE(connected) << connected.error().message;
  tcp::socket peer = acceptor.accept();
  asio::write(peer, asio::buffer("pong", 4));

  const std::string ping = "ping";
  const IoResult written =
      test::run(net.context, (*connected)->write(std::as_bytes(std::span(ping))));
  EXPECT_FALSE(written.ec);
  EXPECT_EQ(written.count, 4U);
  std::array<std::byte, 16> buffer{};
  const IoResult read = test::run(net.context, (*connected)->read_some(buffer));
  EXPECT_FALSE(read.ec);
  EXPECT_EQ(read.count, 4U);
  peer.close();
  const IoResult end = test::run(net.context, (*connected)->read_some(buffer));
  EXPECT_TRUE(end.ec) << "the peer closed with a byte unread: eof or reset";
}

TEST_F(Tcp, WritesMoreThanTheSocketHolds) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  Deadline deadline(net.deadlines, in(4s));
  Connected connected = connect(test::endpoint_of(acceptor), deadline);
  ASSERT_TRUE(connected);
  tcp::socket peer = acceptor.accept();
  std::size_t received = 0;
  std::vector<char> sink(1 << 16);
  std::function<void()> drain = [&] {
    peer.async_read_some(asio::buffer(sink), [&](error_code ec, std::size_t count) {
      received += count;
      if (!ec) {
        drain();
      }
    });
  };
  drain();
  const std::vector<std::byte> data(8 << 20);
  const IoResult written = test::run(net.context, (*connected)->write(data));
  EXPECT_FALSE(written.ec);
  EXPECT_EQ(written.count, data.size());
  connected->reset();
  while (received < data.size() && net.context.run_one_for(3s) > 0) {
  }
  EXPECT_EQ(received, data.size());
}

TEST_F(Tcp, ClosedPortRefuses) {
  const test::ClosedPort closed(net.context);
  Deadline deadline(net.deadlines, in(3s));
  const Connected connected = connect(closed.endpoint(), deadline);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().reason, Reason::refused);
  EXPECT_EQ(connected.error().message,
            closed.endpoint().to_string() +
                " refused the connection: nothing listens there, or a firewall says so");
  EXPECT_EQ(connected.error().offender, std::nullopt);
}

TEST_F(Tcp, SilenceEndsAtTheDeadline) {
  const test::MutePort mute(net.context);
  const auto start = std::chrono::steady_clock::now();
  Deadline deadline(net.deadlines, in(100ms));
  const Connected connected = connect(mute.endpoint(), deadline);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().reason, Reason::timeout);
  EXPECT_GE(std::chrono::steady_clock::now() - start, 100ms);
}

TEST_F(Tcp, StopEndsItAtOnce) {
  const test::MutePort mute(net.context);
  Deadline deadline(net.deadlines, in(1h));
  asio::post(net.context, [&] { asio::post(net.context, [&] { deadline.stop(); }); });
  const Connected connected = connect(mute.endpoint(), deadline);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().reason, Reason::local_error);
}

TEST_F(Tcp, ManyAtOnceEndEachInItsOwnWay) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  const test::ClosedPort closed(net.context);
  const test::MutePort mute(net.context);
  Deadline deadline(net.deadlines, in(20s));
  Deadline hopeless(net.deadlines, in(20s));
  int open = 0;
  int refused = 0;
  int aborted = 0;
  const auto count = [&](std::exception_ptr, Connected connected) {
    open += connected ? 1 : 0;
    refused += !connected && connected.error().reason == Reason::refused ? 1 : 0;
    if (!connected && connected.error().reason == Reason::local_error) {
      ++aborted;
    }
    if (refused == 1) {
      hopeless.stop();  // in the middle of the others' events
    }
  };
  for (int i = 0; i < 300; ++i) {
    for (const Endpoint& endpoint : {test::endpoint_of(acceptor), closed.endpoint()}) {
      asio::co_spawn(net.context, connect_tcp(net.network, endpoint, {}, deadline), count);
    }
    if (i < 50) {
      asio::co_spawn(net.context, connect_tcp(net.network, mute.endpoint(), {}, hopeless), count);
    }
  }
  const auto guard = std::chrono::steady_clock::now() + 25s;
  while (open + refused + aborted < 650 && net.context.run_one_until(guard) > 0) {
  }
  EXPECT_EQ(open, 300);
  EXPECT_EQ(refused, 300);
  EXPECT_EQ(aborted, 50);
}

TEST_F(Tcp, LoopEndsWhenNothingConnectsAnyMore) {
  const test::MutePort mute(net.context);
  {
    Deadline deadline(net.deadlines, in(1h));
    asio::post(net.context, [&] { asio::post(net.context, [&] { deadline.stop(); }); });
    EXPECT_FALSE(connect(mute.endpoint(), deadline));
  }
  net.deadlines.stop();
  EXPECT_LT(net.context.run_for(0s), 50U);
}

TEST_F(Tcp, LoopMayGoWhileItConnects) {
  auto lab = std::make_unique<test::NetLab>();
  const test::MutePort mute(net.context);
  const std::size_t before = test::open_descriptors();
  {
    Deadline deadline(lab->deadlines, in(1h));
    asio::co_spawn(lab->context, connect_tcp(lab->network, mute.endpoint(), {}, deadline),
                   [](std::exception_ptr, const Connected&) { FAIL(); });
    lab->context.poll();
  }
  lab.reset();
  EXPECT_LT(test::open_descriptors(), before);
}

TEST_F(Tcp, DoesNotBeginAfterTheDeadline) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  Deadline deadline(net.deadlines, in(1h));
  deadline.stop();
  EXPECT_FALSE(connect(test::endpoint_of(acceptor), deadline));
}

TEST_F(Tcp, ReadEndsAtTheDeadline) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  Deadline deadline(net.deadlines, in(50ms));
  Connected connected = connect(test::endpoint_of(acceptor), deadline);
  ASSERT_TRUE(connected);
  std::array<std::byte, 16> buffer{};
  const IoResult read = test::run(net.context, (*connected)->read_some(buffer));
  EXPECT_EQ(read.ec, asio::error::operation_aborted);
  const IoResult again = test::run(net.context, (*connected)->read_some(buffer));
  EXPECT_EQ(again.ec, asio::error::operation_aborted);
  const IoResult write = test::run(net.context, (*connected)->write(buffer));
  EXPECT_EQ(write.ec, asio::error::operation_aborted);
}

TEST_F(Tcp, BindsToTheSourceAddress) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  Deadline deadline(net.deadlines, in(3s));
  TcpOptions options;
  options.source = IpAddress::parse("127.0.0.77");
  const Connected connected = connect(test::endpoint_of(acceptor), deadline, options);
  ASSERT_TRUE(connected) << connected.error().message;
  EXPECT_EQ(acceptor.accept().remote_endpoint().address().to_string(), "127.0.0.77");
}

TEST_F(Tcp, SourceThatIsNotOursIsALocalFault) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  Deadline deadline(net.deadlines, in(3s));
  for (const char* source : {"192.0.2.1", "2001:db8::1"}) {
    TcpOptions options;
    options.source = IpAddress::parse(source);
    const Connected connected = connect(test::endpoint_of(acceptor), deadline, options);
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().reason, Reason::local_address) << source;
  }
}

TEST_F(Tcp, ClosesWithAResetWhereAsked) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  Deadline deadline(net.deadlines, in(3s));
  for (const bool reset : {false, true}) {
    TcpOptions options;
    options.reset_on_close = reset;
    Connected connected = connect(test::endpoint_of(acceptor), deadline, options);
    ASSERT_TRUE(connected);
    tcp::socket peer = acceptor.accept();
    connected->reset();
    char byte = 0;
    error_code ec;
    peer.read_some(asio::buffer(&byte, 1), ec);
    EXPECT_EQ(ec, reset ? error_code(asio::error::connection_reset) : error_code(asio::error::eof));
  }
}

TEST_F(Tcp, ResetAfterConnectingIsAReset) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  Deadline deadline(net.deadlines, in(3s));
  Connected connected = connect(test::endpoint_of(acceptor), deadline);
  ASSERT_TRUE(connected);
  {
    tcp::socket peer = acceptor.accept();
    peer.set_option(asio::socket_base::linger(true, 0));
    peer.close();
  }
  std::array<std::byte, 16> buffer{};
  const IoResult read = test::run(net.context, (*connected)->read_some(buffer));
  EXPECT_EQ(stream_failure(read.ec, Phase::request, deadline).reason, Reason::reset);
}

TEST_F(Tcp, LeaksNoDescriptorInAThousandRuns) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  const test::ClosedPort closed(net.context);
  TcpOptions options;
  options.reset_on_close = true;
  {
    Deadline deadline(net.deadlines, in(3s));
    EXPECT_FALSE(connect(closed.endpoint(), deadline));  // opens what the loop keeps
  }
  const std::size_t before = test::open_descriptors();
  for (int i = 0; i < 500; ++i) {
    Deadline deadline(net.deadlines, in(3s));
    EXPECT_TRUE(connect(test::endpoint_of(acceptor), deadline, options));
    acceptor.accept();
    EXPECT_FALSE(connect(closed.endpoint(), deadline, options));
  }
  EXPECT_EQ(test::open_descriptors(), before);
}

}  // namespace
}  // namespace reachd::net
