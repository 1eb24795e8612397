#include "probes/net/tcp.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "probes/net/connect.hpp"
#include "probes/net/endpoint.hpp"
#include "probes/net/errors.hpp"

namespace reachd::net {
namespace {

using asio::ip::tcp;

class TcpStream final : public Stream {
 public:
  TcpStream(const asio::any_io_executor& executor, bool reset_on_close, Deadline& deadline)
      : socket_(executor), reset_on_close_(reset_on_close), watch_(deadline.watch(*this)) {}

  ~TcpStream() override {
    error_code ignored;
    if (reset_on_close_ && socket_.is_open()) {
      socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    }
    // Asio's own destructor would undo the linger option first.
    socket_.close(ignored);
  }

  tcp::socket& socket() noexcept { return socket_; }

  asio::awaitable<IoResult> read_some(std::span<std::byte> buffer) override {
    IoResult result;
    if (!socket_.is_open()) {
      result.ec = asio::error::operation_aborted;
      co_return result;
    }
    const auto target = asio::buffer(buffer.data(), buffer.size());
    result.count = co_await socket_.async_read_some(
        target, asio::redirect_error(asio::use_awaitable, result.ec));
    co_return result;
  }

  asio::awaitable<IoResult> write(std::span<const std::byte> data) override {
    IoResult result;
    while (result.count < data.size() && !result.ec) {
      if (!socket_.is_open()) {
        result.ec = asio::error::operation_aborted;
        break;
      }
      const auto rest = asio::buffer(data.data() + result.count, data.size() - result.count);
      const std::size_t count = co_await socket_.async_write_some(
          rest, asio::redirect_error(asio::use_awaitable, result.ec));
      result.count += count;
    }
    co_return result;
  }

  void abort() noexcept override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  tcp::socket socket_;
  bool reset_on_close_;
  Watch watch_;  // last: it lets go first
};

/// A connect to a port of this host's own that nobody listens on can meet itself, if the system
/// picks that very port as the source (RFC 9293, 3.5: simultaneous open).
bool met_itself(const tcp::socket& socket, const Endpoint& to) {
  error_code ec;
  const tcp::endpoint local = socket.local_endpoint(ec);
  return !ec && local.port() == to.port && local.address() == to_asio(to.address);
}

}  // namespace

std::optional<IpAddress> read_source(Reader& reader) {
  const std::string text = reader.text("source");
  if (text.empty()) {
    return std::nullopt;
  }
  const auto source = IpAddress::parse(text);
  if (!source) {
    reader.error("source", "source is an address of this host, not \"" + text + "\"");
  }
  return source;
}

asio::awaitable<Result<std::unique_ptr<Stream>>> connect_tcp(Network& network, Endpoint endpoint,
                                                             TcpOptions options,
                                                             Deadline& deadline) {
  auto stream = std::make_unique<TcpStream>(network.executor, options.reset_on_close, deadline);
  if (deadline.ended() != Deadline::Ended::no) {
    const error_code aborted = asio::error::operation_aborted;
    co_return std::unexpected(connect_failure(endpoint, aborted, true, std::nullopt, deadline));
  }
  Result<void> connected =
      co_await connect_socket(stream->socket(), endpoint, options.source, deadline);
  if (!connected) {
    co_return std::unexpected(std::move(connected.error()));
  }
  if (met_itself(stream->socket(), endpoint)) {
    const error_code refused = asio::error::connection_refused;
    co_return std::unexpected(connect_failure(endpoint, refused, false, std::nullopt, deadline));
  }
  co_return std::unique_ptr<Stream>(std::move(stream));
}

}  // namespace reachd::net
