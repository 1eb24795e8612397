#include "probes/net/reply.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "probes/core/bytes.hpp"
#include "probes/core/printable.hpp"

namespace reachd::net {
namespace {

constexpr std::size_t kMostLines = 64;
/// RFC 5321, 4.5.3.1.5 has 512 octets; some servers have more to say.
constexpr std::size_t kLongestLine = 4096;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// True if `text` may become a line that begins a reply: as far as it goes.
bool may_begin(std::string_view text) noexcept {
  const std::string_view code = text.substr(0, 3);
  return (code.empty() || (code[0] >= '1' && code[0] <= '5')) &&
         std::ranges::all_of(code, is_digit) &&
         (text.size() < 4 || text[3] == ' ' || text[3] == '-' || text[3] == '\r' ||
          text[3] == '\n');
}

/// True if it is the last line of the reply that began with `first`.
bool ends(std::string_view line, std::string_view first) noexcept {
  return line.size() >= 4 && line.substr(0, 3) == first.substr(0, 3) && line[3] != '-';
}

}  // namespace

std::string Reply::to_string() const {
  return std::to_string(code) + (lines.empty() || lines.front().empty() ? "" : " ") +
         (lines.empty() ? "" : lines.front());
}

Framing frame_reply(std::span<const std::byte> received) {
  const std::string_view text = as_text(received);
  if (!may_begin(text)) {
    return std::unexpected("");
  }
  std::size_t at = 0;
  for (;;) {
    const std::size_t end = text.find('\n', at);
    if ((end == std::string_view::npos ? text.size() : end) - at >= kLongestLine) {
      return std::unexpected("a line without an end");
    }
    if (end == std::string_view::npos) {
      return std::nullopt;
    }
    // SMTP has the code on every line, FTP on the first and the last.
    if (ends(text.substr(at, end + 1 - at), text)) {
      return end + 1;
    }
    at = end + 1;
  }
}

std::optional<Reply> parse_reply(std::span<const std::byte> bytes) {
  const Framing framing = frame_reply(bytes);
  if (!framing || !*framing) {
    return std::nullopt;
  }
  std::string_view text = as_text(bytes).substr(0, **framing);
  Reply reply;
  for (const char digit : text.substr(0, 3)) {
    reply.code = reply.code * 10 + (digit - '0');
  }
  const std::string_view code = text.substr(0, 3);
  while (!text.empty() && reply.lines.size() < kMostLines) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    line = line.substr(0, line.find_last_not_of('\r') + 1);
    if (line.starts_with(code)) {
      line.remove_prefix(std::min<std::size_t>(line.size(), 4));
    }
    reply.lines.push_back(plain_line(line));
  }
  return reply;
}

asio::awaitable<Result<Reply>> hear_reply(Conversation& talk) {
  auto message = co_await talk.hear(&frame_reply);
  if (!message) {
    co_return std::unexpected(std::move(message.error()));
  }
  auto reply = parse_reply(*message);
  if (!reply) {
    co_return std::unexpected(talk.mismatch("", *message));
  }
  co_return std::move(*reply);
}

asio::awaitable<Result<Reply>> command(Conversation& talk, std::string line) {
  line += "\r\n";
  Result<void> said = co_await talk.say(line);
  if (!said) {
    co_return std::unexpected(std::move(said.error()));
  }
  auto reply = co_await hear_reply(talk);
  co_return reply;
}

asio::awaitable<Result<void>> ask_for_tls(Conversation& talk, std::string line, int accepted,
                                          std::string_view server) {
  const Result<Reply> reply = co_await command(talk, line);
  if (!reply) {
    co_return std::unexpected(reply.error());
  }
  Failure failure;
  failure.reason = Reason::tls_handshake;
  if (reply->code != accepted) {
    failure.message = "the " + std::string(server) + " refuses " + line + ": " + reply->to_string();
    co_return std::unexpected(std::move(failure));
  }
  if (talk.has_more()) {
    failure.message = "something was slipped in before the TLS handshake";
    co_return std::unexpected(std::move(failure));
  }
  co_return Result<void>{};
}

asio::awaitable<void> quit(Conversation& talk) {
  const Result<Reply> ignored = co_await command(talk, "QUIT");
}

Failure mismatch(const Conversation& talk, const Reply& reply, std::string_view why) {
  const std::string text = reply.to_string();
  return talk.mismatch(why, std::as_bytes(std::span(text)));
}

}  // namespace reachd::net
