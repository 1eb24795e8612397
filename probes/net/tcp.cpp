#include "probes/net/tcp.hpp"

#include <array>
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

/// Stays off Asio until the first read or write: a probe that only connects never needs it.
class TcpStream final : public Stream {
 public:
  TcpStream(const asio::any_io_executor& executor, ConnectedSocket connected, bool v4,
            bool reset_on_close, Deadline& deadline)
      : connected_(std::move(connected)),
        socket_(executor),
        v4_(v4),
        watch_(deadline.watch(*this)) {
    if (reset_on_close && connected_.is_open()) {
      connected_.reset_on_close();
    }
  }

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
    connected_.close();
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  /// What a socket says that is closed while it waits is not the same everywhere.
  void name_abort(error_code& ec) const {
    if (ec && !socket_.is_open()) {
      ec = asio::error::operation_aborted;
    }
  }

  error_code be_ready() {
    error_code ec;
    if (connected_.is_open()) {
      ec = connected_.give_to(socket_, v4_);
    } else if (!socket_.is_open()) {
      ec = asio::error::operation_aborted;
    }
    return ec;
  }

  ConnectedSocket connected_;  // one of these two is open, none after abort()
  tcp::socket socket_;
  bool v4_;
  Watch watch_;  // last: it lets go first
};

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

bool read_over_tcp(Reader& reader, bool fallback) {
  static constexpr std::array<std::pair<std::string_view, bool>, 2> kTransports{
      {{"udp", false}, {"tcp", true}}};
  return reader.choice<bool>("transport", fallback, kTransports);
}

asio::awaitable<Result<std::unique_ptr<Stream>>> connect_tcp(Network& network, Endpoint endpoint,
                                                             TcpOptions options,
                                                             Deadline& deadline) {
  if (deadline.ended() != Deadline::Ended::no) {
    const error_code silence;
    co_return std::unexpected(connect_failure(endpoint, silence, true, std::nullopt, deadline));
  }
  Connect connect(network.executor, endpoint, options.source, deadline);
  if (connect.pending()) {
    co_await connect.end();
  }
  Result<ConnectedSocket> socket = connect.result();
  if (!socket) {
    co_return std::unexpected(std::move(socket.error()));
  }
  co_return std::make_unique<TcpStream>(network.executor, std::move(*socket),
                                        endpoint.address.is_v4(), options.reset_on_close, deadline);
}

}  // namespace reachd::net
