#include <boost/asio/local/stream_protocol.hpp>
#include <utility>

#include "probes/net/errors.hpp"
#include "probes/net/socket_stream.hpp"
#include "probes/net/unix_socket.hpp"

namespace reachd::net {
namespace {

using local = asio::local::stream_protocol;

/// sockaddr_un has room for 108 bytes with the last one zero (unix(7)).
constexpr std::size_t kLongestPath = 107;

class UnixStream final : public SocketStream<local::socket> {
 public:
  UnixStream(local::socket socket, Deadline& deadline)
      : SocketStream(std::move(socket)), watch_(deadline.watch(*this)) {}

 private:
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
