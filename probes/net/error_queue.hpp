#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "probes/net/endpoint.hpp"
#include "probes/net/errors.hpp"

namespace reachd::net {

/// Asks the system to keep the ICMP errors that answer what `socket` sends. To be called before the
/// socket connects or sends. Does nothing where the system keeps none.
void keep_icmp_errors(NativeSocket socket, IpAddress::Family family) noexcept;

/// Takes the oldest ICMP error that was kept for `socket`, if there is one; the socket must still
/// be open. Never waits. `original` receives the start of the packet that the error answers, from
/// its transport header on, with zeros behind it.
std::optional<IcmpError> take_icmp_error(NativeSocket socket,
                                         std::span<std::byte> original = {}) noexcept;

/// True if an interface of this host has the address.
bool is_own_address(const IpAddress& address) noexcept;

/// The address from which this host would send to `to`, without sending anything; none if there is
/// no route.
std::optional<IpAddress> source_address(const IpAddress& to) noexcept;

/// True if this error of a connect or send call means that this host's own firewall refused it.
bool is_firewall_refusal(error_code ec) noexcept;

}  // namespace reachd::net
