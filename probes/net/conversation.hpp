#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/net/result.hpp"
#include "probes/net/stream.hpp"

namespace reachd::net {

/// How many of the bytes received so far are the first whole message: none while more is needed, or
/// why this can't be the protocol.
using Framing = std::expected<std::optional<std::size_t>, std::string>;
/// Pure; asked again with the same bytes and more as they come. It looks at the first bytes before
/// it waits for the rest: the banner of something else would name a length that never comes.
using Framer = Framing (*)(std::span<const std::byte> received);

/// One line up to and including LF (RFC 5321, 2.3.8 and the like), at most 4 KiB.
Framing frame_line(std::span<const std::byte> received);

/// Request and answer over a stream, message by message. What arrives beyond a message is kept for
/// the next; memory is bounded (kMost), time is by the deadline. Loop thread only. The stream and
/// the deadline outlive it.
class Conversation {
 public:
  /// The longest message that is waited for.
  static constexpr std::size_t kMost = std::size_t{64} * 1024;

  /// `protocol` is for messages: "SSH"; a literal. Failures are those of phase `request`.
  Conversation(Stream& stream, const Deadline& deadline, std::string_view protocol) noexcept
      : stream_(stream), deadline_(deadline), protocol_(protocol) {}

  /// Sends all of it; the bytes outlive the call.
  asio::awaitable<Result<void>> say(std::span<const std::byte> bytes);
  asio::awaitable<Result<void>> say(std::string_view text);
  /// The next whole message. Fails with stalled, closed_early or reset, and with protocol_mismatch
  /// where the framer says so or nothing whole came within kMost bytes.
  asio::awaitable<Result<std::vector<std::byte>>> hear(Framer framer);
  /// say(), then hear().
  asio::awaitable<Result<std::vector<std::byte>>> ask(std::span<const std::byte> bytes,
                                                      Framer framer);

  /// Something arrived that nobody has asked for yet: before STARTTLS that is an attack or a wrong
  /// server.
  bool has_more() const noexcept { return !received_.empty(); }
  /// The server ended it because it goes on only with a client certificate (TlsError).
  bool client_certificate_demanded() const noexcept { return demanded_; }
  /// "what answers there does not speak SSH (why): it starts with ..."; `why` may be empty.
  Failure mismatch(std::string_view why, std::span<const std::byte> seen) const;

 private:
  Failure ended(error_code ec);

  Stream& stream_;
  const Deadline& deadline_;
  std::string_view protocol_;
  std::vector<std::byte> received_;
  bool demanded_ = false;
};

}  // namespace reachd::net
