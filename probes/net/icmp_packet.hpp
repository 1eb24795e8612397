#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "probes/core/address.hpp"

namespace reachd::net {

/// An echo request or reply (RFC 792; RFC 4443, 4.1 and 4.2). `payload` points into what was
/// parsed.
struct EchoPacket {
  bool reply = false;
  std::uint16_t id = 0;
  std::uint16_t sequence = 0;
  std::span<const std::byte> payload;
};

/// The bytes of an echo request. The checksum is set for IPv4; for ICMPv6, whose checksum covers
/// addresses, the kernel sets it.
std::vector<std::byte> make_echo_request(IpAddress::Family family, std::uint16_t id,
                                         std::uint16_t sequence,
                                         std::span<const std::byte> payload);

/// Reads an ICMP message without an IP header; nothing if it is no echo, or cut short.
std::optional<EchoPacket> parse_echo(IpAddress::Family family, std::span<const std::byte> packet);

/// What follows the IPv4 header, as raw sockets receive it (RFC 791, 3.1); empty if it is cut
/// short.
std::span<const std::byte> without_ipv4_header(std::span<const std::byte> packet);

}  // namespace reachd::net
