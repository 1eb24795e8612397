#include <gmock/gmock.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cerrno>
#include <string>

#include "probes/listen.hpp"
#include "probes/net/listeners.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/ports.hpp"

// What the tables of Windows do not tell.
namespace reachd {
namespace {

using asio::ip::tcp;
using asio::ip::udp;
using test::params;
using test::text;
using testing::HasSubstr;

TEST(ListenPosix, TheUserOfTheSocketIsKnown) {
  test::NetLab lab;
  const tcp::acceptor acceptor(lab.context, test::kAnyPort);
  const std::string port = std::to_string(acceptor.local_endpoint().port());
  const Outcome outcome = lab.probe(listen_probe_type(), "localhost:" + port);
  EXPECT_THAT(std::get<ListenFacts>(*outcome.facts).owner, HasSubstr("user "));
}

TEST(ListenPosix, AConnectedSocketTakesItsPeersDatagramsOnly) {
  test::NetLab lab;
  udp::socket socket(lab.context, udp::endpoint(asio::ip::address_v4::loopback(), 0));
  const std::string target = "localhost:" + std::to_string(socket.local_endpoint().port());
  const Value values = params({{"transport", text("udp")}});
  EXPECT_EQ(lab.probe(listen_probe_type(), target, values).reason, Reason::ok);
  socket.connect(udp::endpoint(asio::ip::address_v4::loopback(), 9));
  EXPECT_EQ(lab.probe(listen_probe_type(), target, values).reason, Reason::not_listening);
}

TEST(ListenPosix, ATableThatTheKernelDoesNotHaveIsALocalFaultAndNotEmpty) {
  const auto found = net::find_listeners(Transport::icmp, 1, net::Owners::user_and_unit);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().reason, Reason::local_error);
  EXPECT_EQ(found.error().error_number, ENOENT);
}

}  // namespace
}  // namespace reachd
