#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
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

}  // namespace

Connect::Connect(const asio::any_io_executor& executor, const Endpoint& to,
                 const std::optional<IpAddress>& source, Deadline& deadline)
    : executor_(executor),
      to_(to),
      deadline_(deadline),
      socket_(begin_connect(to, source, std::nullopt, deadline)),
      watch_(deadline.watch(*this)) {}

void Connect::abort() noexcept {
  aborted_ = true;
  if (wait_.place != ConnectWait::kNowhere) {
    ConnectQueue::of(executor_).cancel(wait_);
  }
}

void Connect::wait(std::move_only_function<void()> handler) {
  ConnectQueue::of(executor_).begin(socket_->get(), wait_, std::move(handler));
}

Result<ConnectedSocket> Connect::result() {
  if (!socket_) {
    return std::move(socket_);
  }
  if (aborted_) {
    return std::unexpected(silence(socket_->get(), to_, deadline_));
  }
  if (wait_.ec) {
    return std::unexpected(local_failure(wait_.ec));
  }
  error_code ec;
  if (wait_.failed) {
    ec = take_socket_error(socket_->get());
  }
  if (!ec && met_itself(socket_->get(), to_)) {
    ec = asio::error::connection_refused;
  }
  if (ec) {
    const auto icmp = take_icmp_error(socket_->get());
    return std::unexpected(connect_failure(to_, ec, false, icmp, deadline_));
  }
  return std::move(socket_);
}

}  // namespace reachd::net
