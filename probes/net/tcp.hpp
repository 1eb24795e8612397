#pragma once

#include <memory>
#include <optional>

#include "probes/core/reader.hpp"
#include "probes/net/network.hpp"
#include "probes/net/stream.hpp"

namespace reachd::net {

struct TcpOptions {
  std::optional<IpAddress> source;  ///< local address to bind to
  bool reset_on_close =
      false;  ///< close with a reset (linger 0): no TIME_WAIT here, a line in some servers' logs
};

/// Reads `source`, an address of this host; none if the key is missing.
std::optional<IpAddress> read_source(Reader& reader);
/// Reads `transport: udp | tcp` of a protocol that goes over both.
bool read_over_tcp(Reader& reader, bool fallback);

/// Connects to one address. Tells refused, reset, silence, ICMP errors and this host's own firewall
/// apart, with the sender of an ICMP error. The stream is watched by the deadline as long as it
/// lives.
asio::awaitable<Result<std::unique_ptr<Stream>>> connect_tcp(Network& network, Endpoint endpoint,
                                                             TcpOptions options,
                                                             Deadline& deadline);

}  // namespace reachd::net
