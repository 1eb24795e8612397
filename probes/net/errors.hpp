#pragma once

#include <optional>

#include "probes/core/outcome.hpp"
#include "probes/core/probe.hpp"
#include "probes/net/deadline.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

/// An ICMP error that the kernel tied to a socket (Linux: error queue). `own`: this host made it up
/// itself.
struct IcmpError {
  IpAddress::Family family = IpAddress::Family::v4;
  int type = 0;
  int code = 0;
  bool own = false;  ///< sent by an address of this host: a neighbour is dead, or our own firewall
  std::optional<IpAddress> offender;
};

/// What an error of connecting to `to`, or of sending to it, means. `immediate`: the call itself
/// failed, before any packet could be answered. `transport` decides what a port unreachable says:
/// nothing listens (UDP), or a firewall is in the way. The only mapping of such errors to reasons
/// (house.md 5.9; RFC 792, RFC 1812 5.2.7.1, RFC 4443 3.1).
Failure connect_failure(const Endpoint& to, error_code ec, bool immediate,
                        const std::optional<IcmpError>& icmp, const Deadline& deadline,
                        Transport transport = Transport::tcp);

/// What an error of reading or writing on a connected stream means in `phase`: operation_aborted at
/// the deadline's end is `stalled` (`timeout` in phase connect, `dns_timeout` in resolve), end of
/// stream is `closed_early`.
Failure stream_failure(error_code ec, Phase phase, const Deadline& deadline);

/// What an error of socket(), bind() and the like means: local_descriptors, local_permission,
/// local_address, ...
Failure local_failure(error_code ec);

/// What binding to `source` means if what is to be reached has an address of the other family.
Failure other_family(const IpAddress& source);

}  // namespace reachd::net
