#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "probes/core/outcome.hpp"

namespace reachd::net {

/// What the ICMP API of Windows made of one echo request: an IP_STATUS (ipexport.h) or, where
/// nothing could be sent, the system's error. Their numbers do not overlap.
inline constexpr std::uint32_t kIpSuccess = 0;
inline constexpr std::uint32_t kIpRequestTimedOut = 11010;

/// True if a router at which the hop limit ended says so.
bool is_hop_limit(std::uint32_t status) noexcept;

/// What this host has to do with an echo request that failed.
struct OwnPart {
  bool complained = false;          ///< the error was sent by an address of this host
  std::optional<IpAddress> source;  ///< what it sends to the target from; none: it has no route
};

/// Why an echo request to `to` was not answered; nothing for success and silence. `from` sent the
/// ICMP error, if one came. Windows tells fewer kinds of errors apart than ICMP does: a prohibition
/// by a router is one of its unreachable kinds for IPv4. Pure, and on every system, so that it is
/// tested on each.
std::optional<Failure> echo_failure(std::uint32_t status, const IpAddress& to,
                                    const std::optional<IpAddress>& from, const OwnPart& own);

/// What the system writes for an ICMPv6 echo (ICMPV6_ECHO_REPLY, then the payload). `payload`
/// points into what was parsed and may have bytes behind it that are not the reply's.
struct Icmp6Reply {
  IpAddress from;
  std::uint32_t status = 0;
  std::span<const std::byte> payload;
};
/// Nothing if it is cut short.
std::optional<Icmp6Reply> parse_icmp6_reply(std::span<const std::byte> buffer) noexcept;

}  // namespace reachd::net
