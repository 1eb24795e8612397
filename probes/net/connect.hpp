#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <optional>

#include "probes/net/deadline.hpp"
#include "probes/net/result.hpp"
#include "probes/net/socket_handle.hpp"

namespace reachd::net {

/// The part of connect_tcp() that each system does its own way: opens a socket, binds it to
/// `source` if there is one, connects it and, if that fails, finds out why before it closes it. The
/// socket is non-blocking.
asio::awaitable<Result<SocketHandle>> connect_socket(asio::any_io_executor executor, Endpoint to,
                                                     std::optional<IpAddress> source,
                                                     Deadline& deadline);

}  // namespace reachd::net
