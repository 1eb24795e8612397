#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "probes/core/address.hpp"

namespace reachd::net {

/// The operating system's handle of a socket: a number, which Asio's for Windows converts to.
using NativeSocket = decltype(+std::declval<boost::asio::ip::tcp::socket::native_handle_type>());

boost::asio::ip::address to_asio(const IpAddress& address);
IpAddress from_asio(const boost::asio::ip::address& address);

/// For any protocol of Asio: to_asio<udp>(endpoint).
template <typename Protocol>
typename Protocol::endpoint to_asio(const Endpoint& endpoint) {
  return {to_asio(endpoint.address), endpoint.port};
}

}  // namespace reachd::net
