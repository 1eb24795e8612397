#include "probes/listen.hpp"

#include <gmock/gmock.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/ip/v6_only.hpp>

#include "probes/net/listeners.hpp"
#include "tests/support/net_lab.hpp"

namespace reachd {
namespace {

using asio::ip::make_address;
using asio::ip::tcp;
using asio::ip::udp;
using test::params;
using test::text;
using testing::HasSubstr;

class ListenProbe : public testing::Test {
 protected:
  tcp::acceptor listen(const char* address, bool v6_only = false) {
    const tcp::endpoint endpoint(make_address(address), 0);
    tcp::acceptor acceptor(lab.context);
    acceptor.open(endpoint.protocol());
    if (endpoint.address().is_v6()) {
      acceptor.set_option(asio::ip::v6_only(v6_only));
    }
    acceptor.bind(endpoint);
    acceptor.listen();
    port = acceptor.local_endpoint().port();
    return acceptor;
  }
  Outcome see(const Value& values = {}, const std::string& host = "localhost") {
    return lab.probe(listen_probe_type(), host + ":" + std::to_string(port), values);
  }
  Reason at(const char* address) { return see(params({{"address", text(address)}})).reason; }

  test::NetLab lab;
  std::uint16_t port = 0;
};

TEST_F(ListenProbe, SaysWhatItProvesAndWhatItDoesNot) {
  const auto acceptor = listen("127.0.0.1");
  const Outcome outcome = see();
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_THAT(outcome.message, HasSubstr("reachability from outside unproven"));
  const auto& facts = std::get<ListenFacts>(*outcome.facts);
  ASSERT_EQ(facts.listeners.size(), 1u);
  EXPECT_EQ(facts.listeners.front(), (Endpoint{*IpAddress::parse("127.0.0.1"), port}));
  EXPECT_TRUE(outcome.timings[Phase::listen]);
}

TEST_F(ListenProbe, APortThatNobodyHoldsIsNotListening) {
  listen("127.0.0.1");  // closed again at once
  const Outcome outcome = see();
  EXPECT_EQ(outcome.reason, Reason::not_listening);
  EXPECT_EQ(outcome.phase, Phase::listen);
}

TEST_F(ListenProbe, LoopbackAloneServesNobodyOutside) {
  const auto acceptor = listen("127.0.0.1");
  const Outcome outcome = see(params({{"address", text("outside")}}));
  EXPECT_EQ(outcome.reason, Reason::wrong_address);
  EXPECT_THAT(outcome.message, HasSubstr("127.0.0.1"));
  EXPECT_EQ(at("any"), Reason::ok);
  EXPECT_EQ(at("127.0.0.1"), Reason::ok);
  EXPECT_EQ(at("127.0.0.2"), Reason::wrong_address);
  EXPECT_EQ(at("0.0.0.0"), Reason::wrong_address);
}

TEST_F(ListenProbe, ATargetThatIsAnAddressMeansThatAddress) {
  const auto acceptor = listen("127.0.0.1");
  EXPECT_EQ(see({}, "127.0.0.1").reason, Reason::ok);
  EXPECT_EQ(see({}, "127.0.0.2").reason, Reason::wrong_address);
}

TEST_F(ListenProbe, ASocketOnAllAddressesServesEach) {
  const auto acceptor = listen("0.0.0.0");
  EXPECT_EQ(at("outside"), Reason::ok);
  EXPECT_EQ(at("127.0.0.1"), Reason::ok);
  EXPECT_EQ(at("::1"), Reason::wrong_address);
}

TEST_F(ListenProbe, KnowsWhetherASocketOfIpv6TakesIpv4) {
  {
    const auto both = listen("::");
    EXPECT_EQ(at("127.0.0.1"), Reason::ok);
    EXPECT_EQ(at("::1"), Reason::ok);
  }
  const auto v6_only = listen("::", true);
  EXPECT_EQ(at("127.0.0.1"), Reason::wrong_address);
  EXPECT_EQ(at("::1"), Reason::ok);
}

TEST_F(ListenProbe, AnIpv4AddressOnASocketOfIpv6IsIpv4) {
  const auto acceptor = listen("::ffff:127.0.0.1");
  EXPECT_EQ(at("127.0.0.1"), Reason::ok);
  EXPECT_EQ(at("outside"), Reason::wrong_address);
}

TEST_F(ListenProbe, SeesUdpApartFromTcp) {
  udp::socket socket(lab.context, udp::endpoint(make_address("127.0.0.1"), 0));
  port = socket.local_endpoint().port();
  EXPECT_EQ(see(params({{"transport", text("udp")}})).reason, Reason::ok);
  EXPECT_EQ(see().reason, Reason::not_listening);
}

TEST_F(ListenProbe, JudgesTheProcessByItsName) {
  const auto acceptor = listen("127.0.0.1");
  EXPECT_EQ(see(params({{"process", text("Probes_Test")}})).reason, Reason::ok);
  const Outcome wrong = see(params({{"process", text("w3wp.exe")}}));
  EXPECT_EQ(wrong.reason, Reason::wrong_process);
  EXPECT_THAT(wrong.message, HasSubstr("probes_test"));
  EXPECT_THAT(wrong.message, HasSubstr("not by w3wp.exe"));
}

TEST_F(ListenProbe, RefusesAnAddressThatIsNone) {
  EXPECT_THAT(
      lab.problems(listen_probe_type(), "localhost:80", params({{"address", text("eth0")}})),
      HasSubstr("address is any, outside or an address"));
}

}  // namespace
}  // namespace reachd
