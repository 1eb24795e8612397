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
#include "probes/net/linux/socket_linux.hpp"

namespace reachd::net {
namespace {

using asio::ip::tcp;

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
  Result<SocketHandle> socket = begin_connect(to, source, std::nullopt, deadline);
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
