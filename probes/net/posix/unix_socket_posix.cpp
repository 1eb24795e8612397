#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "probes/net/errors.hpp"
#include "probes/net/unix_socket.hpp"

namespace reachd::net {
namespace {

using local = asio::local::stream_protocol;

/// sockaddr_un has room for 108 bytes with the last one zero (unix(7)).
constexpr std::size_t kLongestPath = 107;

class UnixStream final : public Stream {
 public:
  UnixStream(local::socket socket, Deadline& deadline)
      : socket_(std::move(socket)), watch_(deadline.watch(*this)) {}

  asio::awaitable<IoResult> read_some(std::span<std::byte> buffer) override {
    IoResult result;
    const auto target = asio::buffer(buffer.data(), buffer.size());
    result.count = co_await socket_.async_read_some(
        target, asio::redirect_error(asio::use_awaitable, result.ec));
    name_abort(result.ec);
    co_return result;
  }

  asio::awaitable<IoResult> write(std::span<const std::byte> data) override {
    IoResult result;
    while (result.count < data.size() && !result.ec) {
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

 private:
  void name_abort(error_code& ec) const {
    if (ec && !socket_.is_open()) {
      ec = asio::error::operation_aborted;
    }
  }

  local::socket socket_;
  Watch watch_;  // last: it lets go first
};

Failure failure_of(const std::string& path, error_code ec) {
  if (ec == asio::error::connection_refused || ec == asio::error::would_block) {
    return {Reason::refused,
            ec == asio::error::would_block ? "too many connections wait at " + path
                                           : "nobody listens at " + path,
            ec.value(), std::nullopt};
  }
  if (ec == asio::error::access_denied || ec == asio::error::no_permission) {
    return {Reason::local_permission, "this process may not connect to " + path, ec.value(),
            std::nullopt};
  }
  return {Reason::local_error, "can't connect to " + path + ": " + ec.message(), ec.value(),
          std::nullopt};
}

}  // namespace

Result<std::unique_ptr<Stream>> connect_unix(Network& network, const std::string& path,
                                             Deadline& deadline) {
  if (path.empty() || path.size() > kLongestPath) {
    return std::unexpected(Failure{
        Reason::local_error, "the path of a Unix socket has 1 to 107 bytes", 0, std::nullopt});
  }
  local::socket socket(network.executor);
  error_code ec;
  socket.open(local(), ec);
  if (ec) {
    return std::unexpected(local_failure(ec));
  }
  // Non-blocking it is told at once that the queue is full; to wait for room there is no way.
  socket.non_blocking(true, ec);
  if (!ec) {
    socket.connect(local::endpoint(path), ec);
  }
  if (ec) {
    return std::unexpected(failure_of(path, ec));
  }
  return std::make_unique<UnixStream>(std::move(socket), deadline);
}

}  // namespace reachd::net
