#include "probes/net/udp.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <string>
#include <vector>

#include "probes/core/bytes.hpp"
#include "probes/net/deadline.hpp"
#include "tests/support/net_lab.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using Udp = asio::ip::udp;

/// Says hello; the other side has sent `answers` before anybody waits for them. What arrives is cut
/// to 16 bytes.
asio::awaitable<std::vector<std::string>> hear(Network& network, Udp::socket& other,
                                               const std::vector<std::string>& answers) {
  std::vector<std::string> heard;
  const Endpoint to{IpAddress::v4(0x7f000001), other.local_endpoint().port()};
  Deadline deadline(network.deadlines, network.clock.steady_now() + 5s);
  const auto socket = open_udp(network, to, std::nullopt, deadline);
  EXPECT_TRUE(socket);
  constexpr std::string_view kHello = "hello";
  const auto hello = std::as_bytes(std::span(kHello));
  const Result<void> sent = co_await (*socket)->send(hello);
  EXPECT_TRUE(sent);
  std::array<char, 8> question{};
  Udp::endpoint asker;
  other.receive_from(asio::buffer(question), asker);
  for (const std::string& answer : answers) {
    other.send_to(asio::buffer(answer), asker);
  }
  std::array<std::byte, 16> buffer{};
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto size = co_await (*socket)->receive(buffer);
    EXPECT_TRUE(size) << size.error().message;
    if (!size || !*size) {
      break;
    }
    heard.emplace_back(as_text(std::span(buffer).first(**size)));
  }
  co_return heard;
}

// Windows fails such a receive and completes it all the same; Asio then ended its operation twice.
TEST(Udp, ADatagramThatIsTooLongIsCutAndTheNextIsWhole) {
  test::NetLab lab;
  Udp::socket other(lab.context, Udp::endpoint(asio::ip::address_v4::loopback(), 0));
  const std::vector<std::string> answers{std::string(60000, 'x'), "short", std::string(17, 'y'),
                                         "last"};
  for (int round = 0; round < 20; ++round) {
    const auto heard = test::run(lab.context, hear(lab.network, other, answers));
    EXPECT_EQ(heard, (std::vector<std::string>{std::string(16, 'x'), "short", std::string(16, 'y'),
                                               "last"}));
  }
}

}  // namespace
}  // namespace reachd::net
