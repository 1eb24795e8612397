#include "probes/net/conversation.hpp"

#include <gmock/gmock.h>

#include "probes/core/bytes.hpp"
#include "probes/net/tcp.hpp"
#include "tests/support/loopback_server.hpp"
#include "tests/support/net_lab.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using test::LoopbackServer;
using testing::HasSubstr;

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// A length octet, then as many bytes; the first of them has to be '!'.
Framing frame_counted(std::span<const std::byte> received) {
  if (received.size() > 1 && received[1] != std::byte{'!'}) {
    return std::unexpected("no exclamation mark");
  }
  const std::size_t whole = 1 + std::to_integer<std::size_t>(received[0]);
  return received.size() < whole ? Framing(std::nullopt) : Framing(whole);
}

template <typename T>
using Talk = asio::awaitable<T> (*)(Conversation&);

template <typename T>
asio::awaitable<T> connect_and_talk(test::NetLab& lab, Endpoint server, Talk<T> talk,
                                    Deadline& deadline) {
  auto stream = co_await connect_tcp(lab.network, server, TcpOptions(), deadline);
  Conversation conversation(**stream, deadline, "TEST");
  auto result = co_await talk(conversation);
  co_return result;
}

/// Connects to the script's server and lets `talk` speak with it.
template <typename T>
T talk_to(test::NetLab& lab, test::Script script, Talk<T> talk, Duration timeout = 4s) {
  LoopbackServer server(lab.context, std::move(script));
  Deadline deadline(lab.deadlines, system_clock().steady_now() + timeout);
  return test::run(lab.context, connect_and_talk(lab, server.endpoint(), talk, deadline));
}

/// Without the end of the line.
asio::awaitable<Result<std::string>> hear_line(Conversation& talk) {
  const auto heard = co_await talk.hear(&frame_line);
  if (!heard) {
    co_return std::unexpected(heard.error());
  }
  const std::string_view line = as_text(*heard);
  co_return std::string(line.substr(0, line.find_last_not_of("\r\n") + 1));
}

asio::awaitable<std::string> hear_two_lines(Conversation& talk) {
  auto one = co_await hear_line(talk);
  auto two = co_await hear_line(talk);
  co_return one.value() + "|" + two.value() + (talk.has_more() ? "|more" : "");
}

asio::awaitable<Result<std::string>> ask_who(Conversation& talk) {
  co_await talk.say("who?");
  auto line = co_await hear_line(talk);
  co_return line;
}

asio::awaitable<Result<std::vector<std::byte>>> hear_counted(Conversation& talk) {
  return talk.hear(&frame_counted);
}

Framing frame_never(std::span<const std::byte>) { return Framing(std::nullopt); }

asio::awaitable<Result<std::vector<std::byte>>> hear_for_ever(Conversation& talk) {
  return talk.hear(&frame_never);
}

asio::awaitable<void> echo(test::Peer& peer) {
  const std::string said = co_await peer.read_until("?");
  co_await peer.send(said + "\n");
}

TEST(Framing, ALineEndsAtItsLineFeed) {
  EXPECT_EQ(frame_line(bytes("ab")), Framing(std::nullopt));
  EXPECT_EQ(frame_line(bytes("ab\r\ncd")), Framing(4));
  EXPECT_FALSE(frame_line(bytes(std::string(5000, 'x'))));
  EXPECT_FALSE(frame_line(bytes(std::string(5000, 'x') + "\n")));
}

TEST(Conversation, HearsMessageByMessageAndKeepsTheRest) {
  test::NetLab lab;
  const auto lines = talk_to(lab, test::banner("one\r\ntwo\nthree"), &hear_two_lines);
  EXPECT_EQ(lines, "one|two|more");
}

TEST(Conversation, SaysWhatItIsTold) {
  test::NetLab lab;
  EXPECT_EQ(talk_to(lab, &echo, &ask_who).value(), "who?");
}

TEST(Conversation, AnotherProtocolIsToldByItsFirstBytes) {
  test::NetLab lab;
  // 'S' as a length would be waited for.
  const auto heard = talk_to(lab, test::banner("SSH-2.0-x\r\n"), &hear_counted);
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().reason, Reason::protocol_mismatch);
  EXPECT_EQ(heard.error().message,
            "what answers there does not speak TEST (no exclamation mark): it starts with "
            "\"SSH-2.0-x\\r\\n\"");
}

TEST(Conversation, AMessageInPiecesIsWaitedFor) {
  test::NetLab lab;
  const auto script = [](test::Peer& peer) -> asio::awaitable<void> {
    co_await peer.send("\x03");
    co_await peer.pause(5ms);
    co_await peer.send("!ab");
    co_await peer.wait_until_closed();
  };
  const auto heard = talk_to(lab, script, &hear_counted);
  EXPECT_EQ(as_text(heard.value()), "\x03!ab");
}

TEST(Conversation, AFloodWithoutAMessageEnds) {
  test::NetLab lab;
  const auto script = [](test::Peer& peer) -> asio::awaitable<void> {
    bool there = true;
    while (there) {
      there = co_await peer.send(std::string(8192, '!'));
    }
  };
  const auto heard = talk_to(lab, script, &hear_for_ever);
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().reason, Reason::protocol_mismatch);
}

TEST(Conversation, SilenceAndAnEndAreToldApart) {
  test::NetLab lab;
  EXPECT_EQ(talk_to(lab, test::mute(), &hear_counted, 50ms).error().reason, Reason::stalled);
  EXPECT_EQ(talk_to(lab, test::hang_up("\x05!"), &hear_counted).error().reason,
            Reason::closed_early);
}

}  // namespace
}  // namespace reachd::net
