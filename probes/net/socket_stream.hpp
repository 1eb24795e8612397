#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "probes/net/stream.hpp"

namespace reachd::net {

/// A stream over one of Asio's stream sockets; closing it is what ends a wait. The one who derives
/// from it watches it.
template <typename Socket>
class SocketStream : public Stream {
 public:
  explicit SocketStream(Socket socket) : socket_(std::move(socket)) {}

  asio::awaitable<IoResult> read_some(std::span<std::byte> buffer) override {
    IoResult result;
    result.ec = be_ready();
    if (!result.ec) {
      const auto target = asio::buffer(buffer.data(), buffer.size());
      result.count = co_await socket_.async_read_some(
          target, asio::redirect_error(asio::use_awaitable, result.ec));
      name_abort(result.ec);
    }
    co_return result;
  }

  asio::awaitable<IoResult> write(std::span<const std::byte> data) override {
    IoResult result;
    while (result.count < data.size() && !result.ec) {
      result.ec = be_ready();
      if (result.ec) {
        break;
      }
      const auto rest = asio::buffer(data.data() + result.count, data.size() - result.count);
      const std::size_t count = co_await socket_.async_write_some(
          rest, asio::redirect_error(asio::use_awaitable, result.ec));
      result.count += count;
      name_abort(result.ec);
    }
    co_return result;
  }

  void abort() noexcept override {
    error_code ignored;
    socket_.close(ignored);
  }

 protected:
  /// Before each operation: an error if it can't be.
  virtual error_code be_ready() {
    return socket_.is_open() ? error_code() : error_code(asio::error::operation_aborted);
  }

  Socket& socket() noexcept { return socket_; }

 private:
  /// What a socket says that is closed while it waits is not the same everywhere.
  void name_abort(error_code& ec) const {
    if (ec && !socket_.is_open()) {
      ec = asio::error::operation_aborted;
    }
  }

  Socket socket_;
};

}  // namespace reachd::net
