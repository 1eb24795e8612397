#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/blackbox/run.hpp"
#include "probes/core/address.hpp"

namespace reachd::blackbox {

/// Why any target is refused while the allow list is empty.
inline constexpr std::string_view kNothingAllowed =
    "Nothing may be probed from here: the list probe_allow in reachd's configuration is empty.";

/// "host:port", "[::1]:port" as Go's net.SplitHostPort takes them apart, without brackets.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
/// None without a port of 1 to 65535 in digits.
std::optional<HostPort> split_host_port(std::string_view target);

/// Resolves `host`, an address or a name, and chooses one address; adds
/// probe_dns_lookup_time_seconds, probe_ip_protocol and probe_ip_addr_hash. None if there is no
/// address, or if probing it at `port` (0: there are no ports) is not allowed: then `run.refused`
/// says so.
asio::awaitable<std::optional<IpAddress>> choose_address(Run& run, std::string host,
                                                         std::uint16_t port,
                                                         config::blackbox::AddressChoice choice);

/// The same at once for what needs no resolving; nothing happened if `host` is no address.
struct Literal {
  bool is_address = false;
  std::optional<IpAddress> address;  ///< none: of the wrong family, or not allowed
};
Literal choose_literal(Run& run, std::string_view host, std::uint16_t port,
                       config::blackbox::AddressChoice choice);

/// The one that is probed: the first of the preferred family, else of the other if `fallback`.
std::optional<IpAddress> pick(const std::vector<IpAddress>& addresses,
                              config::blackbox::AddressChoice choice) noexcept;

/// FNV-1a (32 bit) of the 4 or 16 bytes.
std::uint32_t hash_of(const IpAddress& address) noexcept;

}  // namespace reachd::blackbox
