#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "probes/core/probe.hpp"

namespace reachd {

/// `ntp`: asks a time server for the time, as a client does that tells nothing of itself (RFC 5905,
/// mode 3, version 4, all zero but a random transmit timestamp, which the answer has to repeat).
///
/// - `max_stratum` (1 to 15) and `max_offset`: a server further from its source, or whose clock is
///   further from ours, is content_mismatch.
/// - `source`: the local address.
///
/// A server that is not synchronised, or that answers with a kiss code (RATE: it is asked too
/// often; DENY, RSTR: it does not serve us), is up and degraded. Silence is a failure: a server
/// owes an answer. Answers that repeat none of our timestamps are passed over; if nothing better
/// comes they are protocol_mismatch.
ProbeType ntp_probe_type();

/// The packets of RFC 5905, apart from any socket.
namespace ntp {

inline constexpr std::size_t kPacket = 48;
inline constexpr unsigned kUnsynchronised = 16;  ///< a stratum

/// 32 bits of seconds since 1900, modulo 2^32 (the era), and 32 bits of their fraction.
using Timestamp = std::uint64_t;

/// What a server said in mode 4.
struct Reply {
  unsigned version = 0;
  unsigned leap = 0;     ///< 3: its clock is not synchronised
  unsigned stratum = 0;  ///< 0: a kiss code, which is in reference_id
  /// Of stratum 0 and 1 up to four characters ("RATE", "GPS"), else four numbers with dots: the
  /// address of its source, or a hash of it.
  std::string reference_id;
  Duration root_delay{};
  Duration root_dispersion{};
  Timestamp origin = 0;       ///< what the client sent as its transmit timestamp
  Timestamp received = 0;     ///< by the server's clock
  Timestamp transmitted = 0;  ///< by the server's clock; 0: it has none
};

std::array<std::byte, kPacket> build_request(Timestamp cookie) noexcept;
/// Nothing unless it is a whole packet of a server, versions 1 to 4. Extension fields and message
/// authentication codes behind it are not looked at.
std::optional<Reply> parse_reply(std::span<const std::byte> datagram);

Timestamp timestamp_of(WallTime time) noexcept;
/// `later` minus `earlier`, taken to be less than 68 years, in whatever eras they are (RFC 5905,
/// 6).
Duration difference(Timestamp later, Timestamp earlier) noexcept;
/// The server's clock minus ours (RFC 5905, 8), where the request was sent at `sent` by our clock
/// and the answer came `elapsed` later.
Duration offset(const Reply& reply, Timestamp sent, Duration elapsed) noexcept;

}  // namespace ntp
}  // namespace reachd
