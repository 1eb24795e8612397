#pragma once

#include <boost/system/error_code.hpp>
#include <utility>

#include "probes/net/endpoint.hpp"

namespace reachd::net {

/// Owns a socket of the operating system, or none, until somebody else takes it over.
class SocketHandle {
 public:
  SocketHandle() noexcept = default;
  explicit SocketHandle(NativeSocket socket) noexcept : socket_(socket) {}
  SocketHandle(SocketHandle&& other) noexcept : socket_(other.release()) {}
  SocketHandle& operator=(SocketHandle&& other) noexcept {
    std::swap(socket_, other.socket_);
    return *this;
  }
  ~SocketHandle() { close(); }

  bool is_open() const noexcept { return socket_ != kNone; }
  NativeSocket get() const noexcept { return socket_; }
  NativeSocket release() noexcept { return std::exchange(socket_, kNone); }
  void close() noexcept;
  /// Makes a TCP connection end with a reset when it is closed (linger 0).
  void reset_on_close() noexcept;

 private:
  static constexpr NativeSocket kNone = static_cast<NativeSocket>(-1);

  NativeSocket socket_ = kNone;
};

/// The error of the last call on a socket, as Asio shows it.
boost::system::error_code last_socket_error() noexcept;

}  // namespace reachd::net
