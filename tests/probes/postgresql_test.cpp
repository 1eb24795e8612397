#include "probes/postgresql.hpp"

#include <gmock/gmock.h>

#include "probes/core/bytes.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"

namespace reachd {
namespace {

using namespace std::chrono_literals;
using postgresql::Answer;
using test::LoopbackServer;
using test::params;
using test::ServerTls;
using test::text;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

/// SSLRequest (PostgreSQL 17 documentation, 53.7): Int32(8), Int32(80877103).
const std::string kSslRequest("\x00\x00\x00\x08\x04\xd2\x16\x2f", 8);

/// ErrorResponse of protocol 3 (53.7, fields of 53.8), as a server says it that is full.
std::string full() {
  const std::string fields =
      std::string("SFATAL\0C53300\0Msorry, too many clients already\0Rx\0", 48) + '\0';
  return std::string("E\0\0\0", 4) + static_cast<char>(fields.size() + 4) + fields;
}
/// The same before protocol 3 (report_fork_failure_to_client in postmaster.c).
const std::string kNoProcess(
    "Ecould not fork new process for connection: Cannot allocate memory\n\0", 68);

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// Answers an SSLRequest and nothing else.
test::Script answer(std::string reply) {
  return [reply](test::Peer& peer) -> test::asio::awaitable<void> {
    const std::string asked = co_await peer.read(kSslRequest.size());
    EXPECT_EQ(asked, kSslRequest);
    co_await peer.send(reply);
    co_await peer.wait_until_closed();
  };
}

/// 'S', then a handshake; `ended` says how the client left it.
test::Script secure(const ServerTls& tls, std::string& ended) {
  return [&tls, &ended](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read(kSslRequest.size());
    co_await peer.send("S");
    const bool secured = co_await peer.start_tls(tls);
    const std::string rest = co_await peer.read_until("");
    ended = secured ? "finished after " + std::to_string(rest.size()) + " bytes" : "no handshake";
  };
}

class PostgresqlProbe : public testing::Test {
 protected:
  test::NetLab lab;
  test::TestCa ca;
  test::TempFile ca_file{ca.certificate()};

  Value demanding(const std::string& security) const {
    return params(
        {{"security", text(security)}, {"tls", params({{"ca_file", text(ca_file.path())}})}});
  }
  Outcome see(test::Script script, const Value& values = {}, Duration timeout = 4s) {
    LoopbackServer server(lab.context, std::move(script));
    return lab.probe(postgresql_probe_type(), server.target(), values, timeout);
  }
};

const ServiceFacts& facts(const Outcome& outcome) { return std::get<ServiceFacts>(*outcome.facts); }

TEST(Postgresql, AnswersAreFramedAtTheirFirstByte) {
  EXPECT_EQ(postgresql::frame_answer(bytes("S")), net::Framing(1));
  EXPECT_EQ(postgresql::frame_answer(bytes("N")), net::Framing(1));
  EXPECT_FALSE(postgresql::frame_answer(bytes("SSH-2.0-x\r\n")));
  EXPECT_FALSE(postgresql::frame_answer(bytes("220 mail\r\n")));
  EXPECT_FALSE(postgresql::frame_answer(bytes("ERROR\r\n")));
  EXPECT_FALSE(postgresql::frame_answer(bytes("ERROR\nmore")));
  EXPECT_FALSE(postgresql::frame_answer(bytes(std::string("E\0\0\0\1x", 6))));
  EXPECT_FALSE(postgresql::frame_answer(bytes(std::string("E\0\0\xff\xff", 5))));
  EXPECT_FALSE(postgresql::frame_answer(bytes(std::string(5000, 'E'))));
}

TEST(Postgresql, ErrorsAreWaitedForToTheirEnd) {
  for (const std::string& error : {full(), kNoProcess}) {
    for (std::size_t size = 1; size < error.size(); ++size) {
      ASSERT_EQ(postgresql::frame_answer(bytes(error).first(size)), net::Framing(std::nullopt));
    }
    EXPECT_EQ(postgresql::frame_answer(bytes(error + "x")), net::Framing(error.size()));
  }
}

TEST(Postgresql, ErrorsGiveTheirWords) {
  EXPECT_EQ(postgresql::parse_answer(bytes(full())).words, "\"sorry, too many clients already\"");
  EXPECT_THAT(postgresql::parse_answer(bytes(kNoProcess)).words, HasSubstr("could not fork"));
  const std::string odd("E\0\0\0\x0cMno end", 12);
  EXPECT_EQ(postgresql::parse_answer(bytes(odd)).words, "\"no end\"");
  EXPECT_EQ(postgresql::parse_answer(bytes(std::string("E\0\0\0\5\0", 6))).words,
            "it gives no reason");
}

TEST_F(PostgresqlProbe, AServerWithoutTlsIsUp) {
  const Outcome outcome = see(answer("N"));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_THAT(facts(outcome).details, ElementsAre(Pair("tls", "not offered")));
  EXPECT_TRUE(outcome.timings[Phase::request]);
}

TEST_F(PostgresqlProbe, AHandshakeIsDoneAndFinishedAndTheCertificateIsNobodysMatter) {
  const ServerTls tls{test::self_signed()};
  std::string ended;
  const Outcome outcome = see(secure(tls, ended));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_THAT(facts(outcome).details, ElementsAre(Pair("tls", "TLSv1.3")));
  EXPECT_FALSE(outcome.tls);
  lab.context.restart();
  while (ended.empty() && lab.context.run_one_for(5s) > 0) {
  }
  EXPECT_EQ(ended, "finished after 0 bytes");
}

TEST_F(PostgresqlProbe, AHandshakeThatFailsIsToldUnlessItIsDemanded) {
  const auto close = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read(kSslRequest.size());
    co_await peer.send("S");
    co_await peer.read(1);
  };
  const Outcome outcome = see(close);
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_FALSE(outcome.degraded);
  EXPECT_THAT(outcome.message, HasSubstr("no handshake: "));
  EXPECT_THAT(facts(outcome).details, ElementsAre(Pair("tls", "no handshake")));
  EXPECT_EQ(see(answer("S"), {}, 100ms).reason, Reason::ok);
  EXPECT_FALSE(see(close, demanding("starttls")).success());
}

TEST_F(PostgresqlProbe, TlsThatIsDemandedIsJudged) {
  std::string ended;
  const ServerTls good{ca.issue()};
  const Outcome up = see(secure(good, ended), demanding("starttls"));
  EXPECT_EQ(up.reason, Reason::ok) << up.message;
  ASSERT_TRUE(up.tls);
  EXPECT_EQ(up.tls->chain.size(), 1U);
  const ServerTls bad{test::self_signed()};
  const Outcome untrusted = see(secure(bad, ended), demanding("starttls"));
  EXPECT_EQ(untrusted.reason, Reason::tls_untrusted);
  EXPECT_TRUE(untrusted.tls);
  const Outcome none = see(answer("N"), demanding("starttls"));
  EXPECT_EQ(none.reason, Reason::tls_handshake);
  EXPECT_THAT(none.message, HasSubstr("takes no TLS"));
}

TEST_F(PostgresqlProbe, DirectTlsNeedsTheNameOfTheProtocol) {
  ServerTls tls{ca.issue()};
  tls.alpn = "postgresql";
  LoopbackServer named(lab.context, test::mute(), tls);
  const Outcome up = lab.probe(postgresql_probe_type(), named.target(), demanding("tls"));
  EXPECT_EQ(up.reason, Reason::ok) << up.message;
  EXPECT_EQ(up.tls->alpn, "postgresql");
  tls.alpn.clear();
  LoopbackServer unnamed(lab.context, test::mute(), tls);
  const Outcome other = lab.probe(postgresql_probe_type(), unnamed.target(), demanding("tls"));
  EXPECT_EQ(other.reason, Reason::protocol_mismatch) << other.message;
  tls.alpn = "h2";
  LoopbackServer http(lab.context, test::mute(), tls);
  const Outcome refused = lab.probe(postgresql_probe_type(), http.target(), demanding("tls"));
  EXPECT_EQ(refused.reason, Reason::tls_handshake) << refused.message;
}

TEST_F(PostgresqlProbe, ARefusalOfItsOwnProvesTheServerAndIsDegraded) {
  const Outcome outcome = see(answer(full()));
  EXPECT_EQ(outcome.reason, Reason::ok) << outcome.message;
  EXPECT_TRUE(outcome.degraded);
  EXPECT_THAT(outcome.message, HasSubstr("too many clients"));
}

TEST_F(PostgresqlProbe, OtherAnswersAreNone) {
  const Outcome redis = see(answer("-ERR unknown command\r\n"));
  EXPECT_EQ(redis.reason, Reason::protocol_mismatch);
  EXPECT_THAT(redis.message, HasSubstr("-ERR unknown"));
  // A banner that begins with the letter that says yes, in two pieces.
  const auto split = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.send("S");
    co_await peer.pause(20ms);
    co_await peer.send("SH-2.0-OpenSSH_9.2\r\n");
    co_await peer.wait_until_closed();
  };
  EXPECT_EQ(see(split).reason, Reason::protocol_mismatch);
  const auto close = [](test::Peer& peer) -> test::asio::awaitable<void> {
    co_await peer.read(kSslRequest.size());
  };
  EXPECT_EQ(see(close).reason, Reason::closed_early);
  EXPECT_EQ(see(answer("E"), {}, 100ms).reason, Reason::stalled);
}

}  // namespace
}  // namespace reachd
