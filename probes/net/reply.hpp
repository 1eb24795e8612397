#pragma once

#include <optional>
#include <string>
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

}  // namespace reachd::net
