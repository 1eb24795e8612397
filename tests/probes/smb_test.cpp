#include "probes/smb.hpp"

#include <gmock/gmock.h>

#include "probes/core/bytes.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/octets.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::from_hex;
using test::LoopbackServer;
using test::octets;
using testing::HasSubstr;

// What smbd 4.17.12 answers to build_negotiate().
const std::string kAgreement = from_hex(
    "000000fefe534d424000000000000000000001000100000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000041000100110301006c616273657276657200000000000000"
    "070000000000800000008000000080000e8504c95e7add01000000000000000080004a00d0000000604806062b06"
    "01050502a03e303ca00e300c060a2b06010401823702020aa32a3028a0261b246e6f745f646566696e65645f696e"
    "5f5246433431373840706c656173655f69676e6f7265000000000000010026000000000001002000010075f4434f"
    "0f4a920f8d076d158ece0efcd868dbe40a5d22e8f3e1d8f1fa0dd8ff");
const std::string kGranted = from_hex("82000000");

/// The header of an answer ([MS-SMB2] 2.2.1.2) with the status, and a body; framed.
std::string answer(std::string_view status, std::string_view body,
                   std::string_view protocol = "\xFESMB") {
  std::string header(protocol);
  header += from_hex("40000000") + std::string(status) + from_hex("0000 0100 01000000");
  header.resize(64, '\0');
  const std::string message = header + std::string(body);
  std::string framed(4, '\0');
  framed[2] = static_cast<char>(message.size() >> 8U);
  framed[3] = static_cast<char>(message.size() & 0xFFU);
  return framed + message;
}

/// The body of an agreement (2.2.4): signing, dialect, the rest as zeros.
std::string agreement(std::string_view security, std::string_view dialect) {
  std::string body = from_hex("4100") + std::string(security) + std::string(dialect);
  body.resize(65, '\0');
  return body;
}

const std::string kSuccess(4, '\0');
const std::string kDialect202 = from_hex("0202");
const std::string kSigningOff = from_hex("0000");

/// What the probe's NEGOTIATE ends with, whatever the salt: nothing; so it is counted.
asio::awaitable<std::string> hear_negotiate(test::Peer& peer) {
  // The header of the context, before 2 octets of its hash and 32 of salt.
  std::string heard = co_await peer.read_until(from_hex("0100 2600 00000000 0100 2000 0100"));
  co_return heard;
}

test::Script script(std::string bytes) {
  return [bytes = std::move(bytes)](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await hear_negotiate(peer);
    co_await peer.send(bytes);
    co_await peer.wait_until_closed();
  };
}

Outcome see(const test::Script& server_script, const Value& values = {}, Duration timeout = 4s) {
  test::NetLab lab;
  LoopbackServer server(lab.context, server_script);
  return lab.probe(smb_probe_type(), server.target(), values, timeout);
}

const Value kNetbios = test::params({{"netbios", test::text("true")}});

using Details = std::vector<std::pair<std::string_view, std::string>>;

TEST(SmbMessage, TheNegotiationIsThatOfTheSpecification) {
  smb::Nonce nonce;
  nonce.client_guid.fill(std::byte{0x11});
  nonce.salt.fill(std::byte{0x22});
  const auto built = smb::build_negotiate(nonce);
  const std::string expected = from_hex(
      "000000 9e"                                                // the length
      "fe534d42 4000 0000 00000000 0000 0100 00000000 00000000"  // 2.2.1.2
      "0000000000000000 00000000 00000000 0000000000000000"
      "00000000000000000000000000000000"
      "2400 0500 0100 0000 00000000"  // 2.2.3
      "11111111111111111111111111111111 70000000 0100 0000"
      "0202 1002 0003 0203 1103 0000"
      "0100 2600 00000000 0100 2000 0100"  // 2.2.3.1.1
      "2222222222222222222222222222222222222222222222222222222222222222");
  EXPECT_EQ(as_text(built), expected);
  EXPECT_EQ(smb::frame(built), net::Framing(built.size()));
}

TEST(SmbMessage, TheSessionRequestNamesEveryServer) {
  // RFC 1001, 14.1: each half octet is a letter from A on; "*SMBSERVER" as Windows and Samba send
  // it.
  EXPECT_EQ(as_text(smb::build_session_request()),
            from_hex("81000044") + std::string("\x20") + "CKFDENECFDEFFCFGEFFCCACACACACACA" +
                std::string(1, '\0') + "\x20" + "FCEFEBEDEIEECACACACACACACACACAAA" +
                std::string(1, '\0'));
}

TEST(SmbMessage, ReadsAnAgreementOfSamba) {
  const auto parsed = smb::parse(octets(kAgreement));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->kind, smb::Answer::Kind::chosen);
  EXPECT_EQ(smb::dialect_name(parsed->dialect), "3.1.1");
  EXPECT_EQ(parsed->signing, smb::Answer::Signing::enabled);
  EXPECT_EQ(smb::guid_text(parsed->server_guid), "7362616c-7265-6576-7200-000000000000");
  ASSERT_TRUE(parsed->system_time);
  EXPECT_EQ(std::chrono::floor<std::chrono::seconds>(*parsed->system_time).time_since_epoch(),
            std::chrono::seconds(1'795'337'540));
}

TEST(SmbMessage, DialectsAndGuidsAreWrittenAsWindowsDoes) {
  EXPECT_EQ(smb::dialect_name(0x0202), "2.0.2");
  EXPECT_EQ(smb::dialect_name(0x0210), "2.1");
  EXPECT_EQ(smb::dialect_name(0x0300), "3.0");
  EXPECT_EQ(smb::dialect_name(0x0302), "3.0.2");
  std::array<std::byte, 16> guid{};
  for (std::size_t i = 0; i < guid.size(); ++i) {
    guid[i] = static_cast<std::byte>(i);
  }
  EXPECT_EQ(smb::guid_text(guid), "03020100-0504-0706-0809-0a0b0c0d0e0f");
}

TEST(SmbMessage, ClocksThatAreNoneAreNotRead) {
  std::string body = agreement(kSigningOff, kDialect202);
  EXPECT_FALSE(smb::parse(octets(answer(kSuccess, body)))->system_time) << "zero";
  std::ranges::fill(std::span(body).subspan(40, 8), '\xFF');
  EXPECT_FALSE(smb::parse(octets(answer(kSuccess, body)))->system_time) << "the year 60056";
}

TEST(SmbMessage, WhatIsMalformedIsNoAnswer) {
  for (std::size_t size = 8; size < 4 + 64 + 48; ++size) {
    EXPECT_FALSE(smb::parse(octets(kAgreement.substr(0, size)))) << size;
  }
  EXPECT_FALSE(smb::parse(octets(answer(kSuccess, agreement(kSigningOff, from_hex("ff02"))))))
      << "a dialect that was not offered";
  std::string request = kAgreement;
  request[4 + 16] = 0;
  EXPECT_FALSE(smb::parse(octets(request))) << "a request is no answer";
  std::string other = kAgreement;
  other[4 + 12] = 1;
  EXPECT_FALSE(smb::parse(octets(other))) << "an answer to something else";
}

TEST(SmbFrame, LooksAtTheFirstBytesBeforeItWaits) {
  EXPECT_EQ(smb::frame(octets(std::string(1, '\0'))), net::Framing(std::nullopt));
  EXPECT_EQ(smb::frame(octets(kAgreement.substr(0, 6))), net::Framing(std::nullopt));
  EXPECT_EQ(smb::frame(octets(kAgreement + "more")), net::Framing(kAgreement.size()));
  EXPECT_FALSE(smb::frame(octets("SSH-2.0")));
  EXPECT_FALSE(smb::frame(octets(from_hex("00000010 53"))));
  EXPECT_FALSE(smb::frame(octets(from_hex("00ffffff fe534d42"))));
  EXPECT_FALSE(smb::frame(octets(from_hex("00000003 fe534d"))));
}

TEST(SmbFrame, AnswersToASessionRequestHaveTheirLength) {
  EXPECT_EQ(smb::frame_session(octets(kGranted)), net::Framing(4));
  EXPECT_EQ(smb::frame_session(octets(from_hex("83000001"))), net::Framing(std::nullopt));
  EXPECT_EQ(smb::frame_session(octets(from_hex("8300000182"))), net::Framing(5));
  EXPECT_FALSE(smb::frame_session(octets(from_hex("82000001"))));
  EXPECT_FALSE(smb::frame_session(octets("SSH")));
  EXPECT_TRUE(smb::parse_session(octets(kGranted))->granted);
  EXPECT_EQ(smb::parse_session(octets(from_hex("8300000182")))->code, 0x82);
  EXPECT_FALSE(smb::parse_session(octets(from_hex("84000006c00002010089")))->granted);
  EXPECT_FALSE(smb::parse_session(octets("")));
}

TEST(SmbProbe, AnAgreementIsUpWithItsFacts) {
  const Outcome outcome = see(script(kAgreement));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(outcome.message, "SMB 3.1.1");
  ASSERT_TRUE(outcome.facts);
  const auto& facts = std::get<ServiceFacts>(*outcome.facts);
  EXPECT_EQ(facts.details, (Details{{"dialect", "3.1.1"},
                                    {"signing", "enabled"},
                                    {"server_guid", "7362616c-7265-6576-7200-000000000000"}}));
  EXPECT_TRUE(facts.clock_offset);
}

TEST(SmbProbe, RequiredSigningIsTold) {
  const Outcome outcome = see(script(answer(kSuccess, agreement(from_hex("0300"), kDialect202))));
  EXPECT_EQ(outcome.message, "SMB 2.0.2, signing required");
  EXPECT_EQ(std::get<ServiceFacts>(*outcome.facts).clock_offset, std::nullopt);
}

TEST(SmbProbe, AServerOfSmb1OnlyIsDegraded) {
  const Outcome outcome = see(script(answer(kSuccess, "", "\xFFSMB")));
  EXPECT_EQ(outcome.reason, Reason::ok);
  EXPECT_TRUE(outcome.degraded);
  EXPECT_THAT(outcome.message, HasSubstr("SMB 1 only"));
}

TEST(SmbProbe, ARefusalIsDegradedWithItsStatus) {
  // STATUS_NOT_SUPPORTED ([MS-ERREF] 2.3.1) with an error body (2.2.2).
  const Outcome outcome = see(script(answer(from_hex("bb0000c0"), from_hex("090000000000000000"))));
  EXPECT_EQ(outcome.reason, Reason::ok);
  EXPECT_TRUE(outcome.degraded);
  EXPECT_THAT(outcome.message, HasSubstr("0xC00000BB"));
}

TEST(SmbProbe, AClosedNegotiationMayBeSmb1) {
  const test::Script close = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await hear_negotiate(peer);
    co_await peer.read_until(std::string_view("\0\0\0\0never", 9));
  };
  const test::Script hang_up = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await hear_negotiate(peer);
    co_await peer.pause(5ms);
  };
  const Outcome outcome = see(hang_up);
  EXPECT_TRUE(outcome.reason == Reason::closed_early || outcome.reason == Reason::reset);
  EXPECT_THAT(outcome.message, HasSubstr("SMB 1 only"));
  EXPECT_EQ(see(close, {}, 50ms).reason, Reason::stalled);
}

TEST(SmbProbe, OverNetbiosASessionComesFirst) {
  std::string asked;
  const test::Script netbios = [&asked](test::Peer& peer) -> test::asio::awaitable<void> {
    asked = co_await peer.read_until(std::string_view("AAA\0", 4));
    co_await peer.send(kGranted);
    co_await hear_negotiate(peer);
    co_await peer.send(kAgreement);
    co_await peer.wait_until_closed();
  };
  const Outcome outcome = see(netbios, kNetbios);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_EQ(asked, as_text(smb::build_session_request()));
}

TEST(SmbProbe, ARefusedSessionIsDegraded) {
  for (const char* refusal : {"8300000182", "8300000183", "830000018f", "84000006c00002010089"}) {
    const test::Script netbios = [refusal](test::Peer& peer) -> test::asio::awaitable<void> {
      co_await peer.read_until(std::string_view("AAA\0", 4));
      co_await peer.send(from_hex(refusal));
      co_await peer.wait_until_closed();
    };
    const Outcome outcome = see(netbios, kNetbios);
    EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
    EXPECT_TRUE(outcome.degraded);
    EXPECT_THAT(outcome.message, HasSubstr("refuses the session"));
  }
}

TEST(SmbProbe, AnAnswerInPiecesIsPutTogether) {
  const test::Script pieces = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await hear_negotiate(peer);
    co_await peer.send(kAgreement.substr(0, 2));
    co_await peer.pause(5ms);
    co_await peer.send(kAgreement.substr(2, 60));
    co_await peer.pause(5ms);
    co_await peer.send(kAgreement.substr(62));
    co_await peer.wait_until_closed();
  };
  EXPECT_EQ(see(pieces).reason, Reason::ok);
}

TEST(SmbProbe, WhatIsNotTheAnswerIsAMismatch) {
  for (const std::string& bytes :
       {std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), std::string(64, '\0'),
        answer(kSuccess, agreement(kSigningOff, from_hex("ff02"))), answer(kSuccess, "short")}) {
    const Outcome outcome = see(script(bytes));
    EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << outcome.message;
    EXPECT_EQ(outcome.phase, Phase::request);
  }
  EXPECT_EQ(see(test::banner("SSH-2.0-x\r\n"), kNetbios).reason, Reason::protocol_mismatch);
}

TEST(SmbProbe, SilenceIsStalled) {
  EXPECT_EQ(see(test::mute(), {}, 50ms).reason, Reason::stalled);
  EXPECT_EQ(see(test::mute(), kNetbios, 50ms).reason, Reason::stalled);
  EXPECT_EQ(see(script(kAgreement.substr(0, 30)), {}, 50ms).reason, Reason::stalled);
}

}  // namespace
}  // namespace reachd
