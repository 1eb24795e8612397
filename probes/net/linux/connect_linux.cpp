#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <utility>

#include "probes/net/connect.hpp"
#include "probes/net/error_queue.hpp"
#include "probes/net/linux/connect_queue.hpp"

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

/// A socket that has begun to connect.
Result<SocketHandle> begin(const Endpoint& to, const std::optional<IpAddress>& source,
                           const Deadline& deadline) {
  if (source && source->family != to.address.family) {
    const std::string message =
        "the source address " + source->to_string() + " can't reach an address of the other family";
    return std::unexpected(Failure{Reason::local_address, message, 0, std::nullopt});
  }
  const auto remote = to_asio<tcp>(to);
  SocketHandle socket(::socket(remote.protocol().family(),
                               SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket.is_open()) {
    return std::unexpected(local_failure(last_socket_error()));
  }
  keep_icmp_errors(socket.get(), to.address.family);
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

/// How connecting ended (connect(2), EINPROGRESS).
error_code take_socket_error(NativeSocket socket) noexcept {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &value, &size) != 0) {
    return last_socket_error();
  }
  return {value, boost::system::system_category()};
}

/// A connect to a port of this host's own that nobody listens on can meet itself, if the system
/// picks that very port as the source (RFC 9293, 3.5: simultaneous open).
bool met_itself(NativeSocket socket, const Endpoint& to) noexcept {
  tcp::endpoint local;
  auto size = static_cast<socklen_t>(local.capacity());
  return ::getsockname(socket, local.data(), &size) == 0 && local == to_asio<tcp>(to);
}

/// True if this host's own firewall drops the SYN on its way out. connect() ignores that (unlike
/// send() of a datagram, which fails with EPERM), but each retry is counted as sent only once it
/// has left TCP: retries without one sent were refused below. A neighbour that does not answer
/// leaves no count at all, a drop elsewhere leaves one sent (observed on Linux 6.18). Needs the
/// first retry, so a time limit above one second.
bool is_dropped_here(NativeSocket socket) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  return ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
         info.tcpi_state == TCP_SYN_SENT && info.tcpi_total_retrans > 0 && info.tcpi_retrans == 0;
}

/// Why an aborted connect failed.
Failure silence(NativeSocket socket, const Endpoint& to, const Deadline& deadline) {
  const bool expired = deadline.ended() == Deadline::Ended::expired;
  error_code ec;
  if (expired && is_dropped_here(socket)) {
    ec.assign(EPERM, boost::system::system_category());
  }
  return connect_failure(to, ec, false, std::nullopt, deadline);
}

/// Ends the wait of a connect, so that its socket closes at once.
class Connecting final : public Abortable {
 public:
  explicit Connecting(ConnectQueue& queue) noexcept : queue_(queue) {}
  void abort() noexcept override {
    aborted_ = true;
    queue_.cancel(ticket_);
  }
  bool aborted() const noexcept { return aborted_; }
  ConnectQueue::Ticket& ticket() noexcept { return ticket_; }

 private:
  ConnectQueue& queue_;
  ConnectQueue::Ticket ticket_;
  bool aborted_ = false;
};

}  // namespace

asio::awaitable<Result<SocketHandle>> connect_socket(asio::any_io_executor executor, Endpoint to,
                                                     std::optional<IpAddress> source,
                                                     Deadline& deadline) {
  Result<SocketHandle> socket = begin(to, source, deadline);
  if (!socket) {
    co_return socket;
  }
  ConnectQueue& queue = ConnectQueue::of(executor);
  Connecting connecting(queue);
  const Watch watch = deadline.watch(connecting);
  if (!connecting.aborted()) {
    co_await queue.wait(socket->get(), connecting.ticket());
  }
  if (connecting.aborted()) {
    co_return std::unexpected(silence(socket->get(), to, deadline));
  }
  if (connecting.ticket().ec) {
    co_return std::unexpected(local_failure(connecting.ticket().ec));
  }
  error_code ec;
  if ((connecting.ticket().events & (EPOLLERR | EPOLLHUP)) != 0) {
    ec = take_socket_error(socket->get());
  }
  if (!ec && met_itself(socket->get(), to)) {
    ec = asio::error::connection_refused;
  }
  if (ec) {
    const auto icmp = take_icmp_error(socket->get());
    co_return std::unexpected(connect_failure(to, ec, false, icmp, deadline));
  }
  co_return socket;
}

}  // namespace reachd::net
