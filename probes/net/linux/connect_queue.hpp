#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <vector>

#include "probes/net/connect.hpp"

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

  using Handler = std::move_only_function<void()>;

  /// The queue of the loop that the executor belongs to.
  static ConnectQueue& of(const asio::any_io_executor& executor);
  /// For Asio only.
  explicit ConnectQueue(asio::execution_context& context);
  ~ConnectQueue() override;

  /// Calls the handler once the socket has connected or failed, or after cancel(). The socket stays
  /// the caller's; `wait` is lent until then.
  void begin(int socket, ConnectWait& wait, Handler handler);
  /// Ends the wait; its handler is called later, never within this call.
  void cancel(ConnectWait& wait) noexcept;

 private:
  struct Slot {
    Handler handler;  ///< empty while the slot is free
    ConnectWait* wait = nullptr;
    std::uint32_t generation = 0;  ///< tells an event of an earlier use
  };

  void shutdown() override;
  error_code add(int socket, std::uint32_t slot);
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
