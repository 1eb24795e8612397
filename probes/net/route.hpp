#pragma once

#include <optional>

#include "probes/core/address.hpp"
#include "probes/core/outcome.hpp"

namespace reachd::net {

/// What keeps this host from sending to the address now (local_route, local_descriptors, ...);
/// nothing if it can. Sends nothing: it asks the system by connecting a datagram socket.
std::optional<Failure> sending_fault(const IpAddress& address);

/// True if this host has a route to the address now. Sends nothing. True as well if that can't be
/// found out.
bool has_route(const IpAddress& address) noexcept;

}  // namespace reachd::net
