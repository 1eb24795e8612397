#include "probes/tcp.hpp"

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>

#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/ports.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

class TcpProbe : public testing::Test {
 protected:
  Outcome probe(const Endpoint& endpoint, const Value& params = {}, Duration timeout = 3s) {
    return net.probe(tcp_probe_type(), endpoint.to_string(), params, timeout);
  }

  test::NetLab net;
};

TEST_F(TcpProbe, OpenPortIsOkWithItsConnectTime) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  const Outcome outcome = probe(test::endpoint_of(acceptor));
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_EQ(outcome.phase, Phase::none);
  EXPECT_TRUE(outcome.timings[Phase::connect]);
  ASSERT_EQ(outcome.attempts.size(), 1U);
  EXPECT_TRUE(outcome.attempts[0].success());
  EXPECT_EQ(outcome.attempts[0].endpoint, test::endpoint_of(acceptor));
}

TEST_F(TcpProbe, ClosedPortIsRefusedInPhaseConnect) {
  const test::ClosedPort closed(net.context);
  const Outcome outcome = probe(closed.endpoint());
  EXPECT_EQ(to_string(outcome.reason), "refused");
  EXPECT_EQ(outcome.phase, Phase::connect);
  EXPECT_EQ(outcome.message,
            closed.endpoint().to_string() +
                " refused the connection: nothing listens there, or a firewall says so");
  ASSERT_EQ(outcome.attempts.size(), 1U);
  EXPECT_NE(outcome.attempts[0].error_number, 0);
}

TEST_F(TcpProbe, SilenceIsATimeoutInPhaseConnect) {
  const test::MutePort mute(net.context);
  const Outcome outcome = probe(mute.endpoint(), {}, 60ms);
  EXPECT_EQ(to_string(outcome.reason), "timeout");
  EXPECT_EQ(outcome.phase, Phase::connect);
  EXPECT_GE(outcome.timings.total, 60ms);
}

TEST_F(TcpProbe, ClosesAsConfigured) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  for (const bool reset : {false, true}) {
    const Outcome outcome =
        probe(test::endpoint_of(acceptor),
              test::params({{"close", test::text(reset ? "reset" : "graceful")}}));
    EXPECT_TRUE(outcome.success());
    boost::system::error_code ec;
    tcp::socket peer = acceptor.accept(ec);
    char byte = 0;
    peer.read_some(asio::buffer(&byte, 1), ec);
    EXPECT_EQ(ec == asio::error::connection_reset, reset);
  }
}

TEST_F(TcpProbe, ComesFromTheSource) {
  tcp::acceptor acceptor(net.context, test::kAnyPort);
  const Outcome outcome =
      probe(test::endpoint_of(acceptor), test::params({{"source", test::text("127.0.0.9")}}));
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_EQ(acceptor.accept().remote_endpoint().address().to_string(), "127.0.0.9");
}

TEST_F(TcpProbe, GoesThroughAProxyWithTheNameUnresolved) {
  std::string asked;
  const auto tunnel = [&](test::Peer& peer) -> asio::awaitable<void> {
    asked = co_await peer.read_until("\r\n\r\n");
    co_await peer.send("HTTP/1.1 200 OK\r\n\r\n");
    co_await peer.wait_until_closed();
  };
  const test::LoopbackServer proxy(net.context, tunnel);
  const Outcome outcome =
      net.probe(tcp_probe_type(), "inside.example.com:8443",
                test::params({{"proxy", test::text("http://" + proxy.target())}}));
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_TRUE(asked.starts_with("CONNECT inside.example.com:8443 HTTP/1.1\r\n")) << asked;
  EXPECT_TRUE(net.resolver.asked.empty());
}

TEST_F(TcpProbe, MistakesAreNamed) {
  const std::string problems = net.problems(tcp_probe_type(), "h:1",
                                            test::params({{"source", test::text("eth0")},
                                                          {"close", test::text("hard")},
                                                          {"colour", test::text("red")}}));
  EXPECT_NE(problems.find("source is an address of this host, not \"eth0\""), std::string::npos)
      << problems;
  EXPECT_NE(problems.find("close"), std::string::npos) << problems;
  EXPECT_NE(problems.find("colour"), std::string::npos) << problems;
}

}  // namespace
}  // namespace reachd
