#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "probes/net/connected_socket.hpp"
#include "probes/net/deadline.hpp"
#include "probes/net/result.hpp"

namespace reachd::net {

/// What the system's part knows of one that waits for its connection.
struct ConnectWait {
  static constexpr std::uint32_t kNowhere = UINT32_MAX;
  std::uint32_t place = kNowhere;  ///< where it waits, if the system's part keeps a list
  bool failed = false;             ///< the socket has an error to tell
  error_code ec;                   ///< why waiting was not possible, or how connecting ended
};

/// A TCP connection to one address while it is made: the part that each system does its own way.
/// Opens a socket, binds it to `source` if there is one, connects it and, if that fails, finds out
/// why before it closes it.
///
///   Connect connect(executor, to, source, deadline);
///   if (connect.pending()) {
///     co_await connect.end();
///   }
///   Result<ConnectedSocket> socket = connect.result();
///
/// Not a coroutine: most probes do nothing else, and one more for each costs more than it does.
class Connect final : private Abortable {
 public:
  Connect(const asio::any_io_executor& executor, const Endpoint& to,
          const std::optional<IpAddress>& source, Deadline& deadline);

  /// False if there is nothing to wait for.
  bool pending() const noexcept { return socket_.has_value() && !aborted_; }
  /// Goes on when connecting has succeeded or failed, or the deadline has ended it. Once, if
  /// pending.
  auto end() {
    return asio::async_initiate<const asio::deferred_t, void()>(
        [this](auto handler) { wait(std::move(handler)); }, asio::deferred);
  }
  /// Once, when it is over.
  Result<ConnectedSocket> result();

 private:
  void abort() noexcept override;
  void wait(std::move_only_function<void()> handler);

  asio::any_io_executor executor_;
  const Endpoint to_;
  Deadline& deadline_;
  Result<ConnectedSocket> socket_;
  ConnectWait wait_;
  bool aborted_ = false;
  Watch watch_;  // last: it lets go first
};

}  // namespace reachd::net
