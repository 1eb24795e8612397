#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "probes/net/result.hpp"

namespace reachd::net {

namespace asio = boost::asio;

/// Waits for the sockets of one loop that are connecting, in an epoll set of its own behind one
/// descriptor of Asio's. Most checks only connect and close, and a socket that never becomes
/// Asio's saves three system calls of about ten. One an io_context (a service of it); loop thread
/// only.
class ConnectQueue final : public asio::execution_context::service {
 public:
  using key_type = ConnectQueue;
  static asio::execution_context::id id;

  /// Who waits: lent to wait() until it returns.
  struct Ticket {
    std::uint32_t slot = kNoSlot;
    std::uint32_t events = 0;  ///< of epoll, once the wait is over
    error_code ec;             ///< why there was no wait
  };

  /// The queue of the loop that the executor belongs to.
  static ConnectQueue& of(const asio::any_io_executor& executor);
  /// For Asio only.
  explicit ConnectQueue(asio::execution_context& context);
  ~ConnectQueue() override;

  /// To be awaited: goes on once the socket has connected or failed, or after cancel(). The socket
  /// stays the caller's.
  auto wait(int socket, Ticket& ticket) {
    // Deferred: awaiting it needs no coroutine of its own.
    return asio::async_initiate<const asio::deferred_t, void()>(
        [this, socket, &ticket](auto handler) { begin(socket, ticket, std::move(handler)); },
        asio::deferred);
  }
  /// Ends the wait; its coroutine goes on later, never within this call.
  void cancel(Ticket& ticket) noexcept;

 private:
  using Handler = std::move_only_function<void()>;
  static constexpr std::uint32_t kNoSlot = UINT32_MAX;

  struct Slot {
    Handler handler;  ///< empty while the slot is free
    Ticket* ticket = nullptr;
    std::uint32_t generation = 0;  ///< tells an event of an earlier use
  };

  void shutdown() override;
  void begin(int socket, Ticket& ticket, Handler handler);
  error_code add(int socket, std::uint32_t slot);
  error_code open();
  std::uint32_t take_slot();
  Handler free_slot(std::uint32_t slot);
  void arm();
  void pump();

  asio::any_io_executor executor_;
  asio::posix::stream_descriptor epoll_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t waiting_ = 0;
  bool armed_ = false;
};

}  // namespace reachd::net
