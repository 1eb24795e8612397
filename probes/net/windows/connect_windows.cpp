#include <winsock2.h>

#include <mstcpip.h>

#include <chrono>
#include <memory>
#include <utility>

#include "probes/net/connect.hpp"
#include "probes/net/error_queue.hpp"
#include "probes/net/errors.hpp"

namespace reachd::net {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

/// Windows does not believe a reset at first: it sends the SYN twice more, half a second apart. So
/// `refused` takes about two seconds, and a shorter time limit would call it silence. Without
/// retransmissions the first reset counts (and a lost SYN is not repeated, which has little chance
/// of an answer in such a time anyway). Needs Windows 10 1607; an older one goes its own way.
void believe_first_reset(NativeSocket socket) noexcept {
  TCP_INITIAL_RTO_PARAMETERS parameters{TCP_INITIAL_RTO_UNSPECIFIED_RTT,
                                        TCP_INITIAL_RTO_NO_SYN_RETRANSMISSIONS};
  DWORD size = 0;
  ::WSAIoctl(socket, SIO_TCP_INITIAL_RTO, &parameters, sizeof parameters, nullptr, 0, &size,
             nullptr, nullptr);
}

/// On the own host nothing gets lost, and elsewhere it is a matter of time.
bool is_in_a_hurry(const Endpoint& to, const Deadline& deadline) {
  constexpr auto kRefusalTakes = 3s;
  return to.address.is_loopback() ||
         deadline.expiry() - std::chrono::steady_clock::now() < kRefusalTakes;
}

Result<ConnectedSocket> open_socket(const asio::any_io_executor& executor, const Endpoint& to,
                                    const std::optional<IpAddress>& source,
                                    const Deadline& deadline) {
  if (source && source->family != to.address.family) {
    return std::unexpected(other_family(*source));
  }
  auto socket = std::make_unique<tcp::socket>(executor);
  error_code ec;
  socket->open(to.address.is_v4() ? tcp::v4() : tcp::v6(), ec);
  if (!ec && source) {
    socket->bind(to_asio<tcp>(Endpoint{*source, 0}), ec);
  }
  if (ec) {
    return std::unexpected(local_failure(ec));
  }
  if (is_in_a_hurry(to, deadline)) {
    believe_first_reset(socket->native_handle());
  }
  return ConnectedSocket(std::move(socket));
}

/// A connect to a port of this host's own that nobody listens on can meet itself, if the system
/// picks that very port as the source (RFC 9293, 3.5: simultaneous open).
bool met_itself(const tcp::socket& socket, const Endpoint& to) {
  error_code ec;
  const tcp::endpoint local = socket.local_endpoint(ec);
  return !ec && local == to_asio<tcp>(to);
}

}  // namespace

Connect::Connect(const asio::any_io_executor& executor, const Endpoint& to,
                 const std::optional<IpAddress>& source, Deadline& deadline)
    : executor_(executor),
      to_(to),
      deadline_(deadline),
      socket_(open_socket(executor, to, source, deadline)),
      watch_(deadline.watch(*this)) {}

void Connect::abort() noexcept {
  aborted_ = true;
  if (socket_) {
    // Not socket_->close(): the socket has to outlive its operation.
    error_code ignored;
    socket_->asio()->close(ignored);
  }
}

void Connect::wait(std::move_only_function<void()> handler) {
  socket_->asio()->async_connect(
      to_asio<tcp>(to_), [this, handler = std::move(handler)](const error_code& ec) mutable {
        wait_.ec = ec;
        std::move(handler)();
      });
}

Result<ConnectedSocket> Connect::result() {
  if (!socket_) {
    return std::move(socket_);
  }
  error_code ec = aborted_ ? error_code() : wait_.ec;
  if (!aborted_ && !ec) {
    if (!met_itself(*socket_->asio(), to_)) {
      return std::move(socket_);
    }
    ec = asio::error::connection_refused;
  }
  // What this host has no route to fails like what a router gave up.
  const bool unreachable =
      ec == asio::error::host_unreachable || ec == asio::error::network_unreachable;
  const bool immediate = unreachable && !source_address(to_.address);
  return std::unexpected(connect_failure(to_, ec, immediate, std::nullopt, deadline_));
}

}  // namespace reachd::net
