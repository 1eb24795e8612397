#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "probes/core/probe.hpp"
#include "probes/net/conversation.hpp"

namespace reachd {

/// `postgresql`: asks whether the server takes TLS, as every client does first, and leaves before a
/// login begins (PostgreSQL 17 documentation, 53.2.10 "SSL Session Encryption").
///
/// - `security: none` (default): every answer proves the server. One that takes TLS gets its
///   handshake done and finished, because a broken one would be a line in its log; its certificate
///   is neither judged nor kept.
/// - `security: starttls`: TLS is demanded, and judged by the map `tls`.
/// - `security: tls`: TLS from the first byte with the ALPN name "postgresql" (from PostgreSQL 17).
/// - the keys of net::read_dial.
///
/// A server that refuses with an error of its own is degraded with its words. Fact: `tls`, the
/// version or "not offered".
ProbeType postgresql_probe_type();

/// The answer to an SSLRequest, apart from any socket.
namespace postgresql {

struct Answer {
  enum class Kind : std::uint8_t { tls, plain, refusal };

  Kind kind = Kind::plain;
  std::string words{};  ///< of a refusal, printable, at most 256 bytes
};

/// 'S', 'N', or an ErrorResponse (53.7) in the form of protocol 3 or, without a length, of 2.
net::Framing frame_answer(std::span<const std::byte> received);
/// Of a whole message of frame_answer().
Answer parse_answer(std::span<const std::byte> message);

}  // namespace postgresql
}  // namespace reachd
