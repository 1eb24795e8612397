#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/net/conversation.hpp"

namespace reachd::net {

/// A reply of SMTP (RFC 5321, 4.2) or FTP (RFC 959, 4.2): three digits, then text on one line or,
/// after "-", on several until a line with the same digits and a blank.
struct Reply {
  int code = 0;                    ///< 100 to 599
  std::vector<std::string> lines;  ///< without code and end of line, fit for a terminal; at most 64

  /// 2, 3: it went well; 4, 5: it did not.
  int kind() const noexcept { return code / 100; }
  /// "421 too busy": the code and the first line.
  std::string to_string() const;
};

/// Frames a whole reply; what does not begin with three digits is none.
Framing frame_reply(std::span<const std::byte> received);
/// None if it is no whole reply.
std::optional<Reply> parse_reply(std::span<const std::byte> bytes);

/// The next reply.
asio::awaitable<Result<Reply>> hear_reply(Conversation& talk);
/// Says a command, which gets its end of line here, and hears its reply.
asio::awaitable<Result<Reply>> command(Conversation& talk, std::string line);
/// Asks to go on in TLS: AUTH TLS of FTP (RFC 4217, 4), STARTTLS of SMTP (RFC 3207, 4). Fails with
/// tls_handshake if the reply is another than `accepted`, or if more came with it: that would pass
/// for something said under TLS (RFC 3207, 6, and CVE-2011-0411 in the other direction). `server`
/// is for the message: "mail server".
asio::awaitable<Result<void>> ask_for_tls(Conversation& talk, std::string line, int accepted,
                                          std::string_view server);
/// QUIT, and its reply is waited for (RFC 5321, 4.1.1.10). What comes changes nothing.
asio::awaitable<void> quit(Conversation& talk);

/// Conversation::mismatch() that shows the reply.
Failure mismatch(const Conversation& talk, const Reply& reply, std::string_view why);

}  // namespace reachd::net
