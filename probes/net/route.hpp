#pragma once

#include "probes/core/address.hpp"

namespace reachd::net {

/// True if this host has a route to the address now. Sends nothing: it asks the system by
/// connecting a datagram socket. True as well if that can't be found out.
bool has_route(const IpAddress& address) noexcept;

}  // namespace reachd::net
