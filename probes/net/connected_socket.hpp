#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "probes/net/result.hpp"
#include "probes/net/socket_handle.hpp"

namespace reachd::net {

/// A TCP socket that connects or has connected, before its first byte; non-blocking. The system's
/// alone, unless connecting took one of Asio's: most probes only connect and close, and Asio has no
/// part in that where it can be done without. (On Windows a socket belongs to one completion port
/// for good, so that there it can't.)
class ConnectedSocket {
 public:
  using AsioSocket = boost::asio::ip::tcp::socket;

  // Not explicit: either is one.
  ConnectedSocket(SocketHandle handle) noexcept : handle_(std::move(handle)) {}
  ConnectedSocket(std::unique_ptr<AsioSocket> socket) noexcept : socket_(std::move(socket)) {}

  bool is_open() const noexcept { return handle_.is_open() || socket_ != nullptr; }
  NativeSocket get() const noexcept {
    return socket_ ? NativeSocket{socket_->native_handle()} : handle_.get();
  }
  /// Asio's; none if it has no part in it.
  AsioSocket* asio() noexcept { return socket_.get(); }
  void close() noexcept {
    handle_.close();
    socket_.reset();
  }
  /// Makes the connection end with a reset when it is closed (linger 0).
  void reset_on_close() noexcept;
  /// Lets a closed socket of Asio's take over what is open here.
  error_code give_to(AsioSocket& socket, bool v4);

 private:
  SocketHandle handle_;  // at most one of these is open
  std::unique_ptr<AsioSocket> socket_;
};

}  // namespace reachd::net
