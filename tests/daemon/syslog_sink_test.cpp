#include <gmock/gmock.h>
#include <openssl/ssl.h>

#include <boost/asio/ip/udp.hpp>
#include <chrono>
#include <memory>

#include "tests/daemon/delivery_lab.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/ports.hpp"
#include "tests/support/test_ca.hpp"
#include "tests/support/udp_server.hpp"

namespace reachd::alert {
namespace {

using namespace std::chrono_literals;
using test::down_event;
using test::LoopbackServer;
using test::params;
using test::Peer;
using test::text;
using test::up_event;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;

/// The messages of a stream with octet counting (RFC 6587, 3.4.1); what does not fit it is one
/// more.
std::vector<std::string> frames(std::string_view bytes) {
  std::vector<std::string> messages;
  while (!bytes.empty()) {
    const std::size_t blank = bytes.find(' ');
    const std::size_t size = std::stoul(std::string(bytes.substr(0, blank)));
    if (blank == std::string_view::npos || bytes.size() - blank - 1 < size) {
      messages.emplace_back("torn: " + std::string(bytes));
      break;
    }
    messages.emplace_back(bytes.substr(blank + 1, size));
    bytes.remove_prefix(blank + 1 + size);
  }
  return messages;
}

std::vector<std::string> kinds(const std::vector<std::string>& messages) {
  std::vector<std::string> result;
  for (const std::string& message : messages) {
    const std::size_t at = message.find("check.");
    result.push_back(message.substr(at, message.find(' ', at) - at));
  }
  return result;
}

class SyslogSink : public testing::Test {
 protected:
  /// Reads each connection to its end.
  test::Script reading() {
    return [this](Peer& peer) -> asio::awaitable<void> {
      std::string got = co_await peer.read_until("there is no such end");
      received.push_back(std::move(got));
    };
  }
  /// The server's side of the last connection may still be reading.
  void wait_for(std::size_t connections) {
    const auto guard = std::chrono::steady_clock::now() + 5s;
    lab.context.restart();
    while (received.size() < connections && lab.context.run_one_until(guard) > 0) {
    }
    ASSERT_THAT(received, SizeIs(connections));
  }
  std::shared_ptr<Sink> sink(const std::string& address, Value more = Value::map()) {
    more.members.push_back({"address", {}, text(address)});
    return lab.make(syslog_sink(), more);
  }

  test::DeliveryLab lab;
  std::vector<std::string> received;  // one a connection
};

TEST_F(SyslogSink, SendsADatagramForEachEvent) {
  std::vector<std::string> datagrams;
  test::UdpServer server(lab.context, [&](const std::string& datagram) {
    datagrams.push_back(datagram);
    return std::vector<std::string>();
  });
  const auto made = sink("udp://" + server.target(), params({{"facility", text("local0")}}));
  EXPECT_EQ(test::hows(lab.deliver(*made, {down_event(), up_event()})), "delivered delivered");
  ASSERT_THAT(kinds(datagrams), ElementsAre("check.down", "check.up"));
  EXPECT_THAT(datagrams[0],
              testing::StartsWith("<130>1 2026-11-22T10:54:45.123Z beacon-1 reachd "));
  EXPECT_THAT(datagrams[0], EndsWith("refused the connection"));
  EXPECT_EQ(made->most_at_once(), 64U);
}

TEST_F(SyslogSink, AClosedUdpPortIsNoDelivery) {
  asio::ip::udp::socket taken(lab.context,
                              asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0));
  const std::uint16_t port = taken.local_endpoint().port();
  taken.close();
  const auto made = sink("127.0.0.1:" + std::to_string(port));
  const auto receipts = lab.deliver(*made, {down_event()});
  ASSERT_EQ(test::hows(receipts), "retry");
  EXPECT_THAT(receipts[0].why, HasSubstr("nothing listens"));
}

TEST_F(SyslogSink, CountsOctetsOverTcpAndKeepsTheOrder) {
  LoopbackServer server(lab.context, reading());
  const auto made = sink("tcp://" + server.target());
  EXPECT_EQ(test::hows(lab.deliver(*made, {down_event(1), up_event(2), down_event(3)})),
            "delivered delivered delivered");
  wait_for(1);
  EXPECT_THAT(kinds(frames(received[0])), ElementsAre("check.down", "check.up", "check.down"));
}

TEST_F(SyslogSink, AServerThatRestartedInBetweenLosesNothing) {
  auto server = std::make_unique<LoopbackServer>(lab.context, reading());
  const std::uint16_t port = server->port();
  const auto made = sink("tcp://" + server->target());
  EXPECT_EQ(test::hows(lab.deliver(*made, {down_event()})), "delivered");
  wait_for(1);
  server.reset();
  EXPECT_EQ(test::hows(lab.deliver(*made, {up_event()})), "retry") << "nobody listens";
  // The same port again; connections of before are gone, and none of them is written to.
  asio::ip::tcp::acceptor again(lab.context, {asio::ip::address_v4::loopback(), port});
  EXPECT_EQ(test::hows(lab.deliver(*made, {up_event()})), "delivered");
  asio::ip::tcp::socket peer = again.accept();
  std::array<char, 4096> buffer{};
  const std::size_t count = peer.read_some(asio::buffer(buffer));
  EXPECT_THAT(kinds(frames({buffer.data(), count})), ElementsAre("check.up"));
}

TEST_F(SyslogSink, AServerThatHangsUpAtOnceHasNothing) {
  LoopbackServer server(lab.context, test::hang_up());
  const auto receipts = lab.deliver(*sink("tcp://" + server.target()), {down_event(), up_event()});
  EXPECT_EQ(test::hows(receipts), "retry retry");
  EXPECT_FALSE(receipts[0].why.empty());
}

TEST_F(SyslogSink, AResetIsNoDelivery) {
  const test::Script resetting = [](Peer& peer) -> asio::awaitable<void> {
    co_await peer.read(10);
    peer.reset();
  };
  LoopbackServer server(lab.context, resetting);
  EXPECT_EQ(test::hows(lab.deliver(*sink("tcp://" + server.target()), {down_event()})), "retry");
}

TEST_F(SyslogSink, SilenceIsAllThatAGoodServerSays) {
  LoopbackServer server(lab.context, test::mute());
  EXPECT_EQ(test::hows(lab.deliver(*sink("tcp://" + server.target()), {down_event()})),
            "delivered");
}

TEST_F(SyslogSink, TriesTheNextAddressOfTheName) {
  LoopbackServer server(lab.context, reading());
  // Nothing listens on the first.
  lab.resolver.names["siem.example.com"] = {*IpAddress::parse("127.0.0.2"),
                                            *IpAddress::parse("127.0.0.1")};
  const auto made = sink("tcp://siem.example.com:" + std::to_string(server.port()));
  EXPECT_EQ(test::hows(lab.deliver(*made, {down_event()})), "delivered");
}

TEST_F(SyslogSink, ASilentFirstAddressLeavesTimeForTheNext) {
  const test::MutePort silent(lab.context);
  asio::ip::tcp::acceptor second(lab.context,
                                 {asio::ip::make_address_v4("127.0.0.2"), silent.endpoint().port});
  lab.resolver.names["siem.example.com"] = {*IpAddress::parse("127.0.0.1"),
                                            *IpAddress::parse("127.0.0.2")};
  const auto made = sink("tcp://siem.example.com:" + std::to_string(silent.endpoint().port));
  EXPECT_EQ(test::hows(lab.deliver(*made, {down_event()}, 2s)), "delivered");
}

TEST_F(SyslogSink, ANameThatIsNotKnownIsTriedAgain) {
  const auto receipts = lab.deliver(*sink("tcp://siem.example.com"), {down_event()});
  ASSERT_EQ(test::hows(receipts), "retry");
  EXPECT_THAT(receipts[0].why, HasSubstr("siem.example.com does not exist"));
}

class SyslogTls : public SyslogSink {
 protected:
  Value trusting(Value more = Value::map()) {
    more.members.push_back({"ca_file", {}, text(ca_file.path())});
    return params({{"tls", more}});
  }
  std::string address(const LoopbackServer& server) { return "tls://" + server.target(); }

  test::TestCa ca;
  test::TempFile ca_file{ca.certificate()};
  test::ServerTls tls{ca.issue()};
};

TEST_F(SyslogTls, CountsOctetsAndSaysThatItIsDone) {
  LoopbackServer server(lab.context, reading(), tls);
  const auto made = sink(address(server), trusting());
  EXPECT_EQ(test::hows(lab.deliver(*made, {down_event(), up_event()})), "delivered delivered");
  wait_for(1);
  EXPECT_THAT(kinds(frames(received[0])), ElementsAre("check.down", "check.up"));
}

TEST_F(SyslogTls, GivesNothingToWhomItDoesNotTrust) {
  LoopbackServer server(lab.context, reading(), tls);
  const test::TestCa other("another authority");
  const test::TempFile other_file(other.certificate());
  const auto made =
      sink(address(server), params({{"tls", params({{"ca_file", text(other_file.path())}})}}));
  const auto receipts = lab.deliver(*made, {down_event()});
  ASSERT_EQ(test::hows(receipts), "retry");
  EXPECT_FALSE(receipts[0].why.empty());
  wait_for(1);
  EXPECT_EQ(received[0], "");
}

TEST_F(SyslogTls, GivesNothingToAnotherName) {
  LoopbackServer server(lab.context, reading(), tls);
  const auto made =
      sink(address(server), trusting(params({{"server_name", text("siem.example")}})));
  EXPECT_EQ(test::hows(lab.deliver(*made, {down_event()})), "retry");
  wait_for(1);
  EXPECT_EQ(received[0], "");
}

TEST_F(SyslogTls, AServerThatMissesOurCertificateHasNothing) {
  tls.client_certificate = test::ServerTls::ClientCertificate::required;
  tls.client_ca = ca.certificate();
  LoopbackServer server(lab.context, reading(), tls);
  // With TLS 1.3 it says so only after our handshake is done and the events are written.
  const auto without = lab.deliver(*sink(address(server), trusting()), {down_event()});
  EXPECT_EQ(test::hows(without), "retry");

  const test::Identity client = ca.issue();
  const test::TempFile certificate(client.chain);
  const test::TempFile key(client.key);
  const auto made =
      sink(address(server), trusting(params({{"certificate_file", text(certificate.path())},
                                             {"key_file", text(key.path())}})));
  received.clear();
  EXPECT_EQ(test::hows(lab.deliver(*made, {down_event()})), "delivered");
  wait_for(1);
  EXPECT_THAT(kinds(frames(received[0])), ElementsAre("check.down"));
}

TEST_F(SyslogTls, AHandshakeThatHangsEndsWithTheTime) {
  LoopbackServer server(lab.context, test::mute());
  const auto receipts = lab.deliver(*sink(address(server), trusting()), {down_event()}, 100ms);
  ASSERT_EQ(test::hows(receipts), "retry");
  EXPECT_EQ(receipts[0].why, "connected, but no answer in time");
}

TEST_F(SyslogSink, ReadsItsKeysStrictly) {
  const auto said = [](std::initializer_list<std::pair<std::string, Value>> keys) {
    return test::DeliveryLab::problems(syslog_sink(), params(keys));
  };
  EXPECT_EQ(said({{"address", text("siem.example.com")}}), "");
  EXPECT_EQ(said({{"address", text("tls://[2001:db8::1]")}, {"facility", text("authpriv")}}), "");
  EXPECT_THAT(said({}), HasSubstr("address"));
  EXPECT_THAT(said({{"address", text("http://siem")}}), HasSubstr("udp://host:port"));
  EXPECT_THAT(said({{"address", text("tcp://siem/path")}}), HasSubstr("udp://host:port"));
  EXPECT_THAT(said({{"address", text("tcp://siem:0")}}), HasSubstr("the port is a number"));
  EXPECT_THAT(said({{"address", text("siem")}, {"facility", text("local9")}}),
              HasSubstr("local0 to local7, not \"local9\""));
  EXPECT_THAT(said({{"address", text("tcp://siem")}, {"tls", params({})}}),
              HasSubstr("tls has no effect without tls://"));
  EXPECT_THAT(said({{"address", text("siem")}, {"enterprise", text("0")}}),
              HasSubstr("enterprise"));
  EXPECT_THAT(said({{"address", text("siem")}, {"protocol", text("tcp")}}), HasSubstr("protocol"));
}

}  // namespace
}  // namespace reachd::alert
