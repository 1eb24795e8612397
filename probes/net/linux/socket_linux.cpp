#include "probes/net/linux/socket_linux.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "probes/net/error_queue.hpp"
#include "probes/net/errors.hpp"

namespace reachd::net {
namespace {

using asio::ip::tcp;

error_code bind_to(NativeSocket socket, const IpAddress& source) noexcept {
  // The port is chosen when connecting, where only the pair of endpoints has to be unique: else a
  // bound address runs out of ports (ip(7), IP_BIND_ADDRESS_NO_PORT).
  const int on = 1;
  ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  const auto local = to_asio<tcp>(Endpoint{source, 0});
  if (::bind(socket, local.data(), static_cast<socklen_t>(local.size())) != 0) {
    return last_socket_error();
  }
  return {};
}

void limit_hops(NativeSocket socket, IpAddress::Family family, int hops) noexcept {
  if (family == IpAddress::Family::v4) {
    ::setsockopt(socket, IPPROTO_IP, IP_TTL, &hops, sizeof hops);
  } else {
    ::setsockopt(socket, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, sizeof hops);
  }
}

}  // namespace

Result<SocketHandle> begin_connect(const Endpoint& to, const std::optional<IpAddress>& source,
                                   std::optional<int> hops, const Deadline& deadline) {
  if (source && source->family != to.address.family) {
    return std::unexpected(other_family(*source));
  }
  const auto remote = to_asio<tcp>(to);
  SocketHandle socket(::socket(remote.protocol().family(),
                               SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket.is_open()) {
    return std::unexpected(local_failure(last_socket_error()));
  }
  keep_icmp_errors(socket.get(), to.address.family);
  if (hops) {
    limit_hops(socket.get(), to.address.family, *hops);
  }
  if (source) {
    if (const error_code ec = bind_to(socket.get(), *source)) {
      return std::unexpected(local_failure(ec));
    }
  }
  if (::connect(socket.get(), remote.data(), static_cast<socklen_t>(remote.size())) != 0 &&
      errno != EINPROGRESS) {
    const error_code ec = last_socket_error();
    const auto icmp = take_icmp_error(socket.get());
    return std::unexpected(connect_failure(to, ec, true, icmp, deadline));
  }
  return socket;
}

error_code take_socket_error(NativeSocket socket) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &value, &size) != 0) {
    return last_socket_error();
  }
  return {value, boost::system::system_category()};
}

}  // namespace reachd::net
