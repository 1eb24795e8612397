#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

#include "probes/net/connect.hpp"
#include "probes/net/endpoint.hpp"
#include "probes/net/error_queue.hpp"
#include "probes/net/linux/descriptor.hpp"

namespace reachd::net {
namespace {

using asio::ip::tcp;

error_code bind_to(int socket, const IpAddress& source) noexcept {
  // The port is chosen when connecting, where only the pair of endpoints has to be unique: else a
  // bound address runs out of ports (ip(7), IP_BIND_ADDRESS_NO_PORT).
  const int on = 1;
  ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  const auto local = to_asio<tcp>(Endpoint{source, 0});
  if (::bind(socket, local.data(), static_cast<socklen_t>(local.size())) != 0) {
    return last_error();
  }
  return {};
}

/// Begins to connect and hands the descriptor to `socket`. Done before Asio knows of it, so that an
/// error of the call itself can be told from one that the network answered.
Result<void> begin(tcp::socket& socket, const Endpoint& to, const std::optional<IpAddress>& source,
                   const Deadline& deadline) {
  const auto remote = to_asio<tcp>(to);
  Descriptor descriptor(::socket(remote.protocol().family(),
                                 SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (descriptor.get() < 0) {
    return std::unexpected(local_failure(last_error()));
  }
  keep_icmp_errors(descriptor.get(), to.address.family);
  if (source) {
    if (source->family != to.address.family) {
      return std::unexpected(Failure{Reason::local_address,
                                     "the source address " + source->to_string() +
                                         " can't reach an address of the other family",
                                     0, std::nullopt});
    }
    if (const error_code ec = bind_to(descriptor.get(), *source)) {
      return std::unexpected(local_failure(ec));
    }
  }
  if (::connect(descriptor.get(), remote.data(), static_cast<socklen_t>(remote.size())) != 0 &&
      errno != EINPROGRESS) {
    const error_code ec = last_error();
    const auto icmp = take_icmp_error(descriptor.get());
    return std::unexpected(connect_failure(to, ec, true, icmp, deadline));
  }
  error_code ec;
  socket.assign(remote.protocol(), descriptor.get(), ec);
  if (ec) {
    return std::unexpected(local_failure(ec));
  }
  descriptor.release();
  return {};
}

/// How connecting ended (connect(2), EINPROGRESS).
error_code take_socket_error(int socket) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &value, &size) != 0) {
    return last_error();
  }
  return {value, boost::system::system_category()};
}

}  // namespace

asio::awaitable<Result<void>> connect_socket(tcp::socket& socket, Endpoint to,
                                             std::optional<IpAddress> source, Deadline& deadline) {
  Result<void> begun = begin(socket, to, source, deadline);
  if (!begun) {
    co_return begun;
  }
  error_code ec;
  co_await socket.async_wait(tcp::socket::wait_write,
                             asio::redirect_error(asio::use_awaitable, ec));
  if (!socket.is_open()) {
    // The deadline closed it; the wait may have ended well just before.
    ec = asio::error::operation_aborted;
    co_return std::unexpected(connect_failure(to, ec, false, std::nullopt, deadline));
  }
  if (!ec) {
    ec = take_socket_error(socket.native_handle());
  }
  if (ec) {
    const auto icmp = take_icmp_error(socket.native_handle());
    error_code ignored;
    socket.close(ignored);
    co_return std::unexpected(connect_failure(to, ec, false, icmp, deadline));
  }
  co_return Result<void>{};
}

}  // namespace reachd::net
