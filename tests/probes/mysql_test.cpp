#include "probes/mysql.hpp"

#include <gmock/gmock.h>

#include "probes/core/bytes.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"
#include "tests/support/octets.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using mysql::Reply;
using test::from_hex;
using test::LoopbackServer;
using test::params;
using test::text;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

/// What MariaDB 10.11.19 of Debian 12 greeted with.
const std::string kMariaDb = from_hex(
    "64 00 00 00 0a 35 2e 35 2e 35 2d 31 30 2e 31 31 2e 31 39 2d 4d 61 72 69 61 44 42 2d 30 2b 64 "
    "65"
    "62 31 32 75 31 00 03 00 00 00 67 51 3d 7e 28 45 61 3d 00 fe f7 08 02 00 ff 81 15 00 00 00 00 "
    "00"
    "00 1d 00 00 00 49 39 7e 33 7d 41 68 6a 5c 6e 33 54 00 6d 79 73 71 6c 5f 6e 61 74 69 76 65 5f "
    "70"
    "61 73 73 77 6f 72 64 00");
/// The example of MySQL Internals, "Protocol::HandshakeV10".
const std::string kMySql55 = from_hex(
    "36 00 00 00 0a 35 2e 35 2e 32 2d 6d 32 00 0b 00 00 00 64 76 48 40 49 2d 43 4a 00 ff f7 08 02 "
    "00"
    "00 00 00 00 00 00 00 00 00 00 00 00 00 2a 34 64 7c 63 5a 77 6b 34 5e 5d 3a 00");

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string packet(int number, const std::string& payload) {
  return std::string{static_cast<char>(payload.size()), static_cast<char>(payload.size() >> 8), 0,
                     static_cast<char>(number)} +
         payload;
}
/// An ERR packet before the handshake has none of an SQL state.
std::string error(int number, int code, const std::string& words) {
  return packet(number,
                std::string{'\xff', static_cast<char>(code), static_cast<char>(code >> 8)} + words);
}
const std::string kDenied =
    error(2, 1045, "#28000Access denied for user 'reachd'@'client' (using password: NO)");

/// The client's next packet, with its header.
test::asio::awaitable<std::string> read_packet(test::Peer& peer) {
  const std::string header = co_await peer.read(4);
  const std::size_t more = header.empty() ? 0 : static_cast<unsigned char>(header[0]);
  const std::string payload = co_await peer.read(more);
  co_return header + payload;
}

/// Greets, then answers each packet of the client with the next reply; `said` is what came.
test::Script server(std::string greeting, std::vector<std::string> replies,
                    std::vector<std::string>& said) {
  return [=, &said](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.send(greeting);
    for (const std::string& reply : replies) {
      const std::string request = co_await read_packet(peer);
      said.push_back(request);
      co_await peer.send(reply);
    }
    const std::string rest = co_await peer.read_until("");
    said.push_back(rest);
  };
}

class MysqlProbe : public testing::Test {
 protected:
  test::NetLab lab;
  std::vector<std::string> said;

  Outcome see(test::Script script, const Value& values = {}, Duration timeout = 4s) {
    LoopbackServer listening(lab.context, std::move(script));
    return lab.probe(mysql_probe_type(), listening.target(), values, timeout);
  }
  /// Until the server has heard so many packets and the end of the connection.
  void wait_for(std::size_t count) {
    lab.context.restart();
    while (said.size() < count && lab.context.run_one_for(5s) > 0) {
    }
  }
};

const ServiceFacts& facts(const Outcome& outcome) { return std::get<ServiceFacts>(*outcome.facts); }

TEST(Mysql, GreetingsAreReadWhole) {
  const auto maria = mysql::parse_greeting(bytes(kMariaDb));
  ASSERT_TRUE(maria);
  EXPECT_EQ(maria->version, "10.11.19-MariaDB-0+deb12u1");
  EXPECT_EQ(maria->auth_plugin, "mysql_native_password");
  EXPECT_FALSE(mysql::offers_tls(*maria));
  const auto old = mysql::parse_greeting(bytes(kMySql55));
  ASSERT_TRUE(old);
  EXPECT_EQ(old->version, "5.5.2-m2");
  EXPECT_EQ(old->auth_plugin, "");
}

TEST(Mysql, AGreetingInPiecesIsWaitedFor) {
  for (std::size_t size = 1; size < kMariaDb.size(); ++size) {
    ASSERT_EQ(mysql::frame_greeting(bytes(kMariaDb).first(size)), net::Framing(std::nullopt));
  }
  EXPECT_EQ(mysql::frame_greeting(bytes(kMariaDb + "x")), net::Framing(kMariaDb.size()));
}

TEST(Mysql, CutGreetingsAreRefusedOrReadAsFarAsTheyGo) {
  for (std::size_t size = 0; size < kMariaDb.size(); ++size) {
    const auto greeting = mysql::parse_greeting(bytes(kMariaDb).first(size));
    EXPECT_EQ(greeting.has_value(), size >= 53) << size;
  }
}

TEST(Mysql, OtherFirstBytesAreNoGreeting) {
  for (const std::string& other :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string("220 x\r\n"),
        std::string("\x05\0\0\1\x0a", 5), std::string("\x05\0\0\0\x0b", 5),
        std::string("\xff\xff\0\0\x0a", 5), std::string("\1\0\0\0\x0a", 5)}) {
    EXPECT_FALSE(mysql::frame_greeting(bytes(other)));
  }
  EXPECT_FALSE(mysql::frame_packet(bytes(std::string("\0\0\0\2", 4))));
  EXPECT_FALSE(mysql::frame_packet(bytes(std::string("\xff\xff\xff\2", 4))));
}

TEST(Mysql, ProofsHaveTheLengthThatTheMethodExpects) {
  EXPECT_EQ(mysql::build_proof(3, "mysql_native_password", true).size(), 4U);
  EXPECT_EQ(mysql::build_proof(3, "client_ed25519", true).size(), 4U + 64U);
  EXPECT_EQ(mysql::build_proof(3, "parsec", true).size(), 4U);
  EXPECT_EQ(mysql::build_proof(5, "parsec", false).size(), 4U + 96U);
}

TEST_F(MysqlProbe, TheGreetingIsUpAndTheRefusalIsHeard) {
  const Outcome outcome = see(server(kMariaDb, {kDenied}, said));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_EQ(outcome.message, "MySQL server 10.11.19-MariaDB-0+deb12u1");
  EXPECT_THAT(facts(outcome).details, ElementsAre(Pair("version", "10.11.19-MariaDB-0+deb12u1"),
                                                  Pair("auth_plugin", "mysql_native_password"),
                                                  Pair("tls", "not offered")));
  wait_for(2);
  // Number 1, PROTOCOL_41, SECURE_CONNECTION and PLUGIN_AUTH as the server has them; LONG_PASSWORD
  // it has not.
  EXPECT_EQ(said.at(0), packet(1, from_hex("00 82 08 00 00 00 00 01 08") + std::string(23, '\0') +
                                      std::string("reachd\0\0mysql_native_password\0", 30)));
  EXPECT_EQ(said.at(1), "");
}

TEST_F(MysqlProbe, AnotherMethodIsAnsweredAndAnAccountOfOurNameIsLeft) {
  const std::string change =
      packet(2, '\xfe' + std::string("client_ed25519\0", 15) + std::string(32, 's'));
  const std::string ok = packet(4, std::string("\0\0\0\2\0\0\0", 7));
  const Outcome outcome = see(server(kMariaDb, {change, ok}, said));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  wait_for(3);
  EXPECT_EQ(said.at(1), packet(3, std::string(64, '\0')));
  EXPECT_EQ(said.at(2), packet(0, "\x01"));
}

TEST_F(MysqlProbe, AServerThatAsksForEverIsLeft) {
  const std::string more = packet(2, "\x01more");
  const Outcome outcome = see(server(kMariaDb, std::vector<std::string>(6, more), said));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
}

TEST_F(MysqlProbe, WhatFollowsTheGreetingDoesNotMatter) {
  EXPECT_EQ(see(test::hang_up(kMariaDb)).reason, Reason::ok);
  EXPECT_EQ(see(server(kMySql55, {"nonsense"}, said)).reason, Reason::ok);
}

TEST_F(MysqlProbe, ADelayedRefusalIsDegraded) {
  const Outcome outcome = see(test::banner(kMariaDb), {}, 200ms);
  EXPECT_EQ(outcome.reason, Reason::ok);
  EXPECT_TRUE(outcome.degraded);
  EXPECT_THAT(outcome.message, HasSubstr("\"reachd\" waiting"));
}

TEST_F(MysqlProbe, AServerThatTurnsUsAwayIsDegradedWithItsWords) {
  const Outcome outcome = see(test::hang_up(error(0, 1040, "Too many connections")));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_TRUE(outcome.degraded);
  EXPECT_EQ(outcome.message,
            "the MySQL server turns this host away: 1040 \"Too many connections\"");
  const Outcome blocked =
      see(test::hang_up(error(0, 1129, "#HY000Host 'c' is blocked because of many errors")));
  EXPECT_TRUE(blocked.degraded);
  EXPECT_THAT(blocked.message, HasSubstr("1129 \"Host 'c' is blocked"));
}

TEST_F(MysqlProbe, TlsComesAfterTheGreeting) {
  const test::TestCa ca;
  const test::TempFile ca_file(ca.certificate());
  const Value values = params(
      {{"security", text("starttls")}, {"tls", params({{"ca_file", text(ca_file.path())}})}});
  std::string greeting = kMariaDb;
  char& capabilities = greeting[greeting.find("\xfe\xf7") + 1];
  capabilities = static_cast<char>(capabilities | 0x08);  // CLIENT_SSL
  const test::ServerTls tls{ca.issue()};
  const auto script = [&](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.send(greeting);
    const std::string request = co_await read_packet(peer);
    said.push_back(request);
    co_await peer.start_tls(tls);
    const std::string response = co_await read_packet(peer);
    said.push_back(response);
    co_await peer.send(error(3, 1045, "no"));
    co_await peer.wait_until_closed();
  };
  const Outcome outcome = see(script, values);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  ASSERT_TRUE(outcome.tls);
  EXPECT_EQ(outcome.tls->chain.size(), 1U);
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0], packet(1, from_hex("00 8a 08 00 00 00 00 01 08") + std::string(23, '\0')));
  EXPECT_THAT(said[1].substr(3), StartsWith(from_hex("02 00 8a 08 00")));
  const Outcome none = see(server(kMariaDb, {kDenied}, said), values);
  EXPECT_EQ(none.reason, Reason::tls_handshake);
  EXPECT_THAT(none.message, HasSubstr("takes no TLS"));
}

TEST_F(MysqlProbe, RevocationAfterTheGreetingIsAskedForThroughTheProxy) {
  const test::TestCa ca;
  const test::TempFile ca_file(ca.certificate());
  std::string greeting = kMariaDb;
  char& capabilities = greeting[greeting.find("\xfe\xf7") + 1];
  capabilities = static_cast<char>(capabilities | 0x08);  // CLIENT_SSL
  const test::ServerTls tls{ca.issue({.crl_points = "URI:http://crl.example.com/list.crl"})};
  const auto script = [&](test::Peer& peer) -> test::asio::awaitable<void> {
    const std::string head = co_await peer.read_until("\r\n\r\n");
    said.push_back(head.substr(0, head.find('\r')));
    if (!head.starts_with("CONNECT ")) {
      co_return;
    }
    co_await peer.send("HTTP/1.1 200 OK\r\n\r\n" + greeting);
    co_await read_packet(peer);
    co_await peer.start_tls(tls);
    co_await read_packet(peer);
    co_await peer.send(error(3, 1045, "no"));
    co_await peer.wait_until_closed();
  };
  LoopbackServer proxy(lab.context, script);
  const Outcome outcome =
      lab.probe(mysql_probe_type(), "db.example.com:3306",
                params({{"security", text("starttls")},
                        {"proxy", text("http://" + proxy.target())},
                        {"tls", params({{"ca_file", text(ca_file.path())},
                                        {"verify", text("strict")},
                                        {"server_name", text("localhost")}})}}));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_THAT(said, ElementsAre("CONNECT db.example.com:3306 HTTP/1.1",
                                "GET http://crl.example.com/list.crl HTTP/1.1"));
}

TEST_F(MysqlProbe, OtherServersAreNone) {
  EXPECT_EQ(see(test::banner("SSH-2.0-OpenSSH_9.2\r\n")).reason, Reason::protocol_mismatch);
  EXPECT_EQ(see(test::banner(std::string("\5\0\0\0\x0a"
                                         "1234",
                                         9)))
                .reason,
            Reason::protocol_mismatch)
      << "a greeting that ends in its version";
  EXPECT_EQ(see(test::hang_up(kMariaDb.substr(0, 30))).reason, Reason::closed_early);
}

}  // namespace
}  // namespace reachd
