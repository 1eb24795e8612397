#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "probes/core/address.hpp"

namespace reachd {

/// What a probe looks at, as the configuration wrote it, taken apart.
struct Target {
  std::string text;        ///< as shown: "erp.example.com:3300", "https://host/path", "10.0.0.1"
  std::string host;        ///< lower case, no brackets, no trailing dot handling: what is resolved
  std::uint16_t port = 0;  ///< 0 where the probe has none
  std::optional<IpAddress> literal;  ///< set if `host` is an address: nothing to resolve
  std::string scheme;                ///< "http", "https", ... only for URLs
  std::string path;                  ///< path and query of a URL, at least "/" there
};

/// A URL, a host and port, or a lone host: "https://h:8443/p?q", "h:443", "[2001:db8::1]:443", "h".
/// `default_port` serves where the text names none; ports of http, https, ldaps and socks5 are
/// known. The error is a sentence. User information and fragments in URLs are refused: credentials
/// have keys of their own.
std::expected<Target, std::string> parse_target(std::string_view text,
                                                std::uint16_t default_port = 0);

/// Of a proxy that is named without scheme and port.
inline constexpr std::uint16_t kDefaultProxyPort = 3128;

/// True for what can be a DNS name or an address: letters, digits, '-', '_', '.', at most 253
/// characters, labels of 1 to 63 (RFC 1123, 2.1).
bool is_host(std::string_view text) noexcept;

/// 1 to 65535 in digits, else nothing.
std::optional<std::uint16_t> parse_port(std::string_view text) noexcept;

}  // namespace reachd
