#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace reachd {

/// An IPv4 or IPv6 address as plain bytes in network order; IPv4 uses the first four.
struct IpAddress {
  enum class Family : std::uint8_t { v4, v6 };

  Family family = Family::v4;
  std::array<std::uint8_t, 16> bytes{};
  std::uint32_t scope = 0;  ///< interface index of a link-local IPv6 address, else 0

  /// Reads "10.0.0.1", "2001:db8::1" or "fe80::1%eth0" (scope by name or number). No names, no
  /// brackets.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress v4(std::uint32_t host_order);
  std::string to_string() const;
  bool is_v4() const noexcept { return family == Family::v4; }
  bool is_loopback() const noexcept;
  /// IPv4 as a number in host order, for range arithmetic. Meaningless for IPv6.
  std::uint32_t v4_number() const noexcept;

  auto operator<=>(const IpAddress&) const = default;
};

/// An address and a port. Port 0 where the transport has none (ICMP).
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  /// "10.0.0.1:443", "[2001:db8::1]:443"
  std::string to_string() const;
  auto operator<=>(const Endpoint&) const = default;
};

/// A network such as 10.20.0.0/28 (RFC 4632) or 2001:db8::/64. A lone address is a network of
/// itself.
struct Cidr {
  IpAddress network;  ///< host bits cleared
  std::uint8_t prefix = 32;

  /// Reads "10.20.0.0/28"; host bits that are set are an error, named in the sentence.
  static std::expected<Cidr, std::string> parse(std::string_view text);
  bool contains(const IpAddress&) const noexcept;
  std::string to_string() const;
  auto operator<=>(const Cidr&) const = default;
};

}  // namespace reachd
