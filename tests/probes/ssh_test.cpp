#include "probes/ssh.hpp"

#include <gmock/gmock.h>

#include <string>

#include "probes/core/bytes.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using test::LoopbackServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

constexpr std::string_view kIdentification = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10\r\n";

// What OpenSSH 9.2p1 of Debian 12 sent after it.
constexpr char kOpenSsh[] =
    "\x00\x00\x04<\x09\x14\x19K\x07\xbdGRk\x94\xf3:\xceN\xf9i\xf5t\x00\x00\x01=sntrup761x"
    "25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256,curve25519-sha256@"
    "libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-g"
    "roup-exchange-sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,dif"
    "fie-hellman-group14-sha256,kex-strict-s-v00@openssh.com\x00\x00\x00\x0bssh-ed25519\x00"
    "\x00\x00lchacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@o"
    "penssh.com,aes256-gcm@openssh.com\x00\x00\x00lchacha20-poly1305@openssh.com,aes128-c"
    "tr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,aes256-gcm@openssh.com\x00\x00\x00\xd5"
    "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-"
    "sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@open"
    "ssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1\x00\x00\x00\xd5umac-64-etm@openssh.com"
    ",umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.co"
    "m,hmac-sha1-etm@openssh.com,umac-64@openssh.com,umac-128@openssh.com,hmac-sha2-256,h"
    "mac-sha2-512,hmac-sha1\x00\x00\x00\x15none,zlib@openssh.com\x00\x00\x00\x15none,zlib"
    "@openssh.com\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x00\x00\x00\x00";
std::string open_ssh() { return {kOpenSsh, sizeof(kOpenSsh) - 1}; }

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// An unencrypted packet (RFC 4253, 6) around a payload.
std::string packet(std::string_view payload) {
  const std::size_t padding = 4 + (8 - (5 + payload.size() + 4) % 8) % 8;
  ByteWriter writer(payload.size() + 64);
  writer.u32(static_cast<std::uint32_t>(1 + payload.size() + padding));
  writer.u8(static_cast<std::uint8_t>(padding));
  writer.text(payload);
  writer.text(std::string(padding, '\0'));
  return std::string(as_text(writer.data()));
}

/// An SSH_MSG_KEXINIT with all ten lists alike, or with another length in front of the first.
std::string kex_init(std::string_view list, std::optional<std::uint32_t> first_length = {}) {
  ByteWriter writer(64 * 1024);
  writer.u8(20);
  writer.text(std::string(16, 'c'));
  for (int i = 0; i < 10; ++i) {
    writer.u32(first_length && i == 0 ? *first_length : static_cast<std::uint32_t>(list.size()));
    writer.text(list);
  }
  writer.u8(0);
  writer.u32(0);
  return std::string(as_text(writer.data()));
}

/// Speaks until the client goes, and keeps what the client said.
struct Server {
  std::string says;
  std::string heard{};

  test::Script script() {
    return [this](test::Peer& peer) -> asio::awaitable<void> {
      co_await peer.send(says);
      heard = co_await peer.read_until("never said");
    };
  }
};

class SshProbe : public testing::Test {
 protected:
  Outcome see(test::Script script, Duration timeout = 4s) {
    LoopbackServer server(lab.context, std::move(script));
    return lab.probe(ssh_probe_type(), server.target(), {}, timeout);
  }
  Outcome see(std::string says, Duration timeout = 4s) {
    return see(test::banner(std::move(says)), timeout);
  }

  test::NetLab lab;
};

const ServiceFacts& facts(const Outcome& outcome) {
  static const ServiceFacts kNone;
  const auto* found = outcome.facts ? std::get_if<ServiceFacts>(outcome.facts.get()) : nullptr;
  EXPECT_NE(found, nullptr) << outcome.message;
  return found == nullptr ? kNone : *found;
}

TEST(Ssh, AnIdentificationHasItsParts) {
  const auto parsed = ssh::parse_identification("SSH-2.0-billsSSH_3.6.3q3");  // RFC 4253, 5.1
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->protocol, "2.0");
  EXPECT_EQ(parsed->software, "billsSSH_3.6.3q3");
  EXPECT_EQ(ssh::parse_identification("SSH-1.99-Cisco-1.25")->software, "Cisco-1.25");
}

TEST(Ssh, AnIdentificationIsFitForATerminal) {
  const auto parsed = ssh::parse_identification(
      "SSH-2.0-x\ry\xc2\x9b"
      "31mz");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->text, "SSH-2.0-x y 31mz");
  EXPECT_EQ(parsed->software, "x y 31mz");
}

TEST(Ssh, WhatIsNoIdentificationIsRefused) {
  for (const std::string& line :
       {std::string("ssh-2.0-x"), std::string("SSH-2.0"), std::string("SSH--x"), std::string(),
        "SSH-2.0-" + std::string(300, 'x')}) {
    EXPECT_FALSE(ssh::parse_identification(line)) << line;
  }
}

TEST(Ssh, TheOfferOfARealServerIsRead) {
  EXPECT_EQ(ssh::frame_packet(bytes(open_ssh())), net::Framing(open_ssh().size()));
  const auto offer = ssh::parse_offer(ssh::payload_of(bytes(open_ssh())));
  ASSERT_TRUE(offer);
  EXPECT_THAT(offer->key_exchange, StartsWith("sntrup761x25519-sha512,"));
  EXPECT_EQ(offer->host_key, "ssh-ed25519");
  EXPECT_THAT(offer->ciphers, StartsWith("chacha20-poly1305@openssh.com,aes128-ctr,"));
  EXPECT_THAT(offer->macs, StartsWith("umac-64-etm@openssh.com,"));
}

TEST(Ssh, EveryCutOffOfferIsRefused) {
  const std::string whole = open_ssh();
  const auto payload = ssh::payload_of(bytes(whole));
  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(ssh::parse_offer(payload.first(size))) << size;
  }
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_EQ(ssh::frame_packet(bytes(whole).first(size)), net::Framing(std::nullopt)) << size;
  }
}

TEST(Ssh, HostileLengthsAreRefused) {
  EXPECT_FALSE(ssh::parse_offer(bytes(kex_init("a,b", 0xFFFFFFFF))));
  EXPECT_FALSE(ssh::parse_offer(bytes(kex_init("not printable\x01"))));
  // Beyond 35,000 bytes; padding longer than the packet; padding below 4.
  EXPECT_FALSE(ssh::frame_packet(bytes(std::string("\x00\xff\xff\xff\x04\x14", 6))));
  EXPECT_FALSE(ssh::frame_packet(bytes(std::string("\x00\x00\x00\x10\xff\x14", 6))));
  EXPECT_FALSE(ssh::frame_packet(bytes(std::string("\x00\x00\x00\x10\x03\x14", 6))));
  EXPECT_TRUE(ssh::payload_of(bytes(std::string("\x00\x00\x00\x01\x09\x14", 6))).empty());
}

TEST(Ssh, ALongListIsCutBetweenNames) {
  std::string list = "first";
  for (int i = 0; i < 200; ++i) {
    list += ",algorithm" + std::to_string(i);
  }
  const auto offer = ssh::parse_offer(bytes(kex_init(list)));
  ASSERT_TRUE(offer);
  EXPECT_LE(offer->ciphers.size(), 1024U);
  EXPECT_TRUE(list.starts_with(offer->ciphers + ","));
}

TEST_F(SshProbe, TellsWhatTheServerOffersAndLeavesCleanly) {
  Server server{std::string(kIdentification) + open_ssh()};
  const Outcome outcome = see(server.script());
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(outcome.message, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10");
  EXPECT_THAT(
      facts(outcome).details,
      ElementsAre(Pair("protocol", "2.0"), Pair("software", "OpenSSH_9.2p1 Debian-2+deb12u10"),
                  Pair("key_exchange", HasSubstr("curve25519-sha256")),
                  Pair("host_key", "ssh-ed25519"), Pair("ciphers", HasSubstr("aes256-ctr")),
                  Pair("macs", HasSubstr("hmac-sha2-256"))));
  lab.context.poll();  // the server reads the rest
  const std::size_t line = server.heard.find("\r\n") + 2;
  EXPECT_THAT(server.heard.substr(0, line), StartsWith("SSH-2.0-reachd_"));
  const auto goodbye = bytes(server.heard).subspan(line);
  EXPECT_EQ(ssh::frame_packet(goodbye), net::Framing(goodbye.size()));
  EXPECT_EQ(goodbye.size() % 8, 0U);
  ByteReader reader(ssh::payload_of(goodbye));
  EXPECT_EQ(reader.u8(), 1U);    // SSH_MSG_DISCONNECT
  EXPECT_EQ(reader.u32(), 11U);  // SSH_DISCONNECT_BY_APPLICATION
}

TEST_F(SshProbe, LinesBeforeTheIdentificationAreAllowed) {
  const Outcome outcome =
      see("Welcome\r\nto caf\xc3\xa9\n" + std::string(kIdentification) + open_ssh());
  EXPECT_TRUE(outcome.success()) << outcome.message;
}

TEST_F(SshProbe, PiecesAndIgnoredMessagesArePutTogether) {
  const auto script = [](test::Peer& peer) -> asio::awaitable<void> {
    const std::string all =
        std::string(kIdentification) + packet(std::string("\x02\0\0\0\0", 5)) + open_ssh();
    for (std::size_t at = 0; at < all.size(); at += 41) {
      co_await peer.send(all.substr(at, 41));
      co_await peer.pause(1ms);
    }
    co_await peer.wait_until_closed();
  };
  const Outcome outcome = see(script);
  EXPECT_TRUE(outcome.success()) << outcome.message;
}

TEST_F(SshProbe, AServerThatTakesNobodyNowIsDegraded) {
  const Outcome outcome = see(test::hang_up("Exceeded MaxStartups\r\n"));
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_TRUE(outcome.degraded);
  EXPECT_THAT(outcome.message, HasSubstr("Exceeded MaxStartups"));
}

TEST_F(SshProbe, AnOldVersionIsDegraded) {
  const Outcome outcome = see("SSH-1.5-1.2.27\n");
  EXPECT_TRUE(outcome.success()) << outcome.message;
  EXPECT_TRUE(outcome.degraded);
  EXPECT_EQ(outcome.message, "SSH-1.5-1.2.27 speaks no SSH 2");
}

TEST_F(SshProbe, OtherProtocolsAreToldAtOnce) {
  for (const std::string& other :
       {std::string("220 mail ESMTP\r\n"), std::string("220-two lines"),
        std::string("HTTP/1.1 400 Bad Request\r\n\r\n"),
        std::string("\x15\x03\x01\x00\x02\x02\x0a", 7), std::string("SSH-2.0\r\n"),
        std::string(kIdentification) + "Protocol mismatch.\n",
        std::string(kIdentification) + packet("\x1e nothing of ours")}) {
    const Outcome outcome = see(other);
    EXPECT_EQ(outcome.reason, Reason::protocol_mismatch) << other;
    EXPECT_EQ(outcome.phase, Phase::request);
    EXPECT_LT(outcome.timings.total, 2s) << other;
  }
}

TEST_F(SshProbe, OneThatSpeaksAndFallsSilentIsShownByItsFirstBytes) {
  const Outcome silent = see("RFB 003.008\n", 60ms);
  EXPECT_EQ(silent.reason, Reason::protocol_mismatch);
  EXPECT_THAT(silent.message, HasSubstr("\"RFB 003.008\\n\""));
  EXPECT_EQ(see(test::hang_up("go away\n")).reason, Reason::protocol_mismatch);
  std::string many;
  for (int i = 0; i < 100; ++i) {
    many += "a line\n";
  }
  EXPECT_EQ(see(many).reason, Reason::protocol_mismatch);
}

TEST_F(SshProbe, SilenceAndAnEndAreToldApart) {
  EXPECT_EQ(see(test::mute(), 60ms).reason, Reason::stalled);
  const auto leave = [](test::Peer& peer) -> asio::awaitable<void> {
    co_await peer.read_until("\n");
  };
  EXPECT_EQ(see(leave).reason, Reason::closed_early);
  const Outcome half = see(std::string(kIdentification), 60ms);
  EXPECT_EQ(half.reason, Reason::stalled);
  EXPECT_THAT(half.message, HasSubstr("OpenSSH_9.2p1"));
}

TEST_F(SshProbe, ADisconnectInsteadOfAnOfferIsToldAsSuch) {
  const Outcome outcome =
      see(std::string(kIdentification) + packet(std::string("\x01\0\0\0\x0c", 5)));
  EXPECT_EQ(outcome.reason, Reason::closed_early);
  EXPECT_THAT(outcome.message, HasSubstr("disconnected before"));
}

TEST(SshWords, NetconfAndSftpAreSshOnTheirPorts) {
  EXPECT_EQ(ssh_probe_type().default_port, 22);
  EXPECT_EQ(netconf_probe_type().default_port, 830);
  EXPECT_EQ(sftp_probe_type().default_port, 22);
  test::NetLab lab;
  LoopbackServer server(lab.context, test::banner(std::string(kIdentification) + open_ssh()));
  EXPECT_TRUE(lab.probe(netconf_probe_type(), server.target()).success());
  EXPECT_TRUE(lab.probe(sftp_probe_type(), server.target()).success());
}

}  // namespace
}  // namespace reachd
