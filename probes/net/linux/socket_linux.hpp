#pragma once

#include <optional>

#include "probes/net/deadline.hpp"
#include "probes/net/result.hpp"
#include "probes/net/socket_handle.hpp"

namespace reachd::net {

/// A non-blocking TCP socket that keeps its ICMP errors, bound to `source` if there is one, that
/// has begun to connect. Its packets go `hops` hops at most, or as many as the system lets them.
Result<SocketHandle> begin_connect(const Endpoint& to, const std::optional<IpAddress>& source,
                                   std::optional<int> hops, const Deadline& deadline);

/// How connecting ended (connect(2), EINPROGRESS).
error_code take_socket_error(NativeSocket socket) noexcept;

}  // namespace reachd::net
