#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>

#include "probes/net/deadline.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

/// The part of connect_tcp() that each system does its own way: opens `socket`, binds it to
/// `source` if there is one, connects it and, if that fails, finds out why before it closes it.
/// Closing the socket meanwhile ends the wait.
asio::awaitable<Result<void>> connect_socket(asio::ip::tcp::socket& socket, Endpoint to,
                                             std::optional<IpAddress> source, Deadline& deadline);

}  // namespace reachd::net
