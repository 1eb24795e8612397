#include "probes/sap.hpp"

#include <gmock/gmock.h>

#include "probes/core/bytes.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/octets.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using test::LoopbackServer;
using test::octets;
using testing::HasSubstr;

const std::string kPing = "\0\0\0\x08NI_PING\0"s;
const std::string kPong = "\0\0\0\x08NI_PONG\0"s;

/// A length and a payload.
std::string message(std::string_view payload) {
  std::string bytes = "\0\0"s;
  bytes += static_cast<char>(payload.size() >> 8U);
  bytes += static_cast<char>(payload.size() & 0xFFU);
  return bytes + std::string(payload);
}

/// What a router refuses with (SAP help, "NI Error Information"): version, operation, two unused
/// bytes, the code -94, the length of the texts, the texts.
std::string refusal(std::string_view texts) {
  std::string payload = "NI_RTERR\0\x28\0\0\0\xFF\xFF\xFF\xA2\0\0\0"s;
  payload += static_cast<char>(texts.size());
  return message(payload + std::string(texts));
}
const std::string kRefusal = refusal(
    "*ERR*\0"
    "1\0route permission denied\0"
    "-94\0"s);

test::Script answer(std::string bytes) {
  return [bytes = std::move(bytes)](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read_until(kPing);
    co_await peer.send(bytes);
    co_await peer.wait_until_closed();
  };
}

Outcome see(const test::Script& script, Duration timeout = 4s) {
  test::NetLab lab;
  LoopbackServer server(lab.context, script);
  return lab.probe(sap_probe_type(), server.target(), {}, timeout);
}

TEST(SapMessage, ThePingIsALengthAndItsName) { EXPECT_EQ(as_text(sap::build_ping()), kPing); }

TEST(SapMessage, ReadsAPongAndARefusal) {
  const auto pong = sap::parse(octets(kPong));
  ASSERT_TRUE(pong);
  EXPECT_TRUE(pong->pong);
  const auto refused = sap::parse(octets(kRefusal));
  ASSERT_TRUE(refused);
  EXPECT_FALSE(refused->pong);
  EXPECT_EQ(refused->error, "*ERR* 1 route permission denied -94");
}

TEST(SapMessage, ARefusalThatIsCutOrLiesHasTheTextThatIsThere) {
  EXPECT_EQ(sap::parse(octets(message("NI_RTERR\0"s)))->error, "");
  EXPECT_EQ(
      sap::parse(octets(message("NI_RTERR\0\x28\0\0\0\0\0\0\0\xFF\xFF\xFF\xFFshort"s)))->error,
      "short");
  EXPECT_EQ(sap::parse(octets(refusal(std::string(200, 'x'))))->error.size(), 128U);
}

TEST(SapMessage, NothingElseIsAnAnswer) {
  EXPECT_FALSE(sap::parse(octets(kPing)));
  EXPECT_FALSE(sap::parse(octets(message("NI_PONG\0more"s))));
  for (std::size_t size = 0; size < kPong.size(); ++size) {
    EXPECT_FALSE(sap::parse(octets(kPong.substr(0, size)))) << size;
  }
}

TEST(SapFrame, LooksAtTheFirstBytesBeforeItWaits) {
  EXPECT_EQ(sap::frame(octets("\0\0\0"s)), net::Framing(std::nullopt));
  EXPECT_EQ(sap::frame(octets(kPong.substr(0, 7))), net::Framing(std::nullopt));
  EXPECT_EQ(sap::frame(octets(kPong + "more")), net::Framing(kPong.size()));
  EXPECT_EQ(sap::frame(octets(kRefusal)), net::Framing(kRefusal.size()));
  EXPECT_FALSE(sap::frame(octets("SSH-2.0")));
  EXPECT_FALSE(sap::frame(octets("\0\0\0\x07NI_PONG"s)));
  EXPECT_FALSE(sap::frame(octets("\0\0\xFF\xFFNI_RTERR"s))) << "longer than any error";
  EXPECT_FALSE(sap::frame(octets("\0\0\0\x10X"s)));
}

TEST(SapProbe, APongIsUp) {
  const Outcome outcome = see(answer(kPong));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
}

TEST(SapProbe, APongInPiecesIsPutTogether) {
  const test::Script pieces = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read_until(kPing);
    co_await peer.send(kPong.substr(0, 3));
    co_await peer.pause(5ms);
    co_await peer.send(kPong.substr(3));
    co_await peer.wait_until_closed();
  };
  EXPECT_EQ(see(pieces).reason, Reason::ok);
}

TEST(SapProbe, ARouterThatRefusesIsDegradedAndQuoted) {
  const Outcome outcome = see(answer(kRefusal));
  EXPECT_EQ(outcome.reason, Reason::ok);
  EXPECT_TRUE(outcome.degraded);
  EXPECT_THAT(outcome.message, HasSubstr("route permission denied"));
}

TEST(SapProbe, WhatIsNotTheAnswerIsAMismatch) {
  for (const std::string& bytes : {"HTTP/1.1 400 Bad Request\r\n\r\n"s, kPing,
                                   message("NI_PONG\0x"s), std::string(64, '\0')}) {
    const Outcome outcome = see(answer(bytes));
    EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << outcome.message;
    EXPECT_EQ(outcome.phase, Phase::request);
  }
}

TEST(SapProbe, SilenceAndAnEndAreToldApart) {
  EXPECT_EQ(see(test::mute(), 50ms).reason, Reason::stalled);
  EXPECT_EQ(see(answer(kPong.substr(0, 8)), 50ms).reason, Reason::stalled);
  const test::Script half = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read_until(kPing);
    co_await peer.send(kPong.substr(0, 8));
  };
  EXPECT_EQ(see(half).reason, Reason::closed_early);
}

}  // namespace
}  // namespace reachd
